import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../runtime/index.js";
import {
  type AdamHypers,
  adamw,
  decodeStored,
  type OracleConfig,
  type Rule,
  type SgdmHypers,
  type StateCodec,
  sgdm,
} from "../oracle/index.js";
import { cpus } from "../support/cpu.js";
import { root, shipped, Workplace } from "./support.js";
import { oracleRun, type TraceTensor, traceFile, traceValues } from "./traces.js";

const workplace = new Workplace();
const STEPS = 3;
// A short last block; float32 for its size; a scalar; nothing at all; a name with slashes.
const tensors: TraceTensor[] = [
  { name: "layer/0/weight", shape: [41, 101] },
  { name: "bias", shape: [7] },
  { name: "gain", shape: [] },
  { name: "empty", shape: [0, 3] },
];
const trace = traceValues(tensors, STEPS);
const input = workplace.write("trace.safetensors", traceFile(tensors, STEPS));

const ADAM: AdamHypers = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 };
const four = { bits: 4, normalize: { block: 128 }, rounding: "nearest", minSize: 4096 } as const;
const fourBits: StateCodec[] = [
  { ...four, signed: true, mapping: "dynamic" },
  { ...four, signed: false, mapping: { linear: { zero: false } } },
];
const adamw4: OracleConfig<AdamHypers> = { rule: adamw, hyper: ADAM, codecs: fourBits, nonfinite: "hold" };

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>;

function replay(spec: string, ...args: string[]): Tensors {
  const out = `out-${Math.random()}.safetensors`;
  const { code, stdout, stderr } = workplace.run(["replay", spec, "--input", input, "--out", out, ...args]);
  expect({ code, stderr: stderr.match(/^lowbit-gen: .*/m)?.[0] }).toEqual({ code: 0, stderr: undefined });
  expect(stdout).toContain(`wrote ${out}: `);
  return read(out);
}

function read(path: string): Tensors {
  const { tensors: found } = readSafetensors(readFileSync(join(workplace.folder, path)));
  return new Map(
    [...found].map(([key, { dtype, shape, data }]) => {
      expect(dtype).toBe("F32");
      return [key, { shape, data: data as Float32Array }];
    }),
  );
}

/** What a run must hold: parameters, and states where they were asked for. */
function expected<Hypers>(config: OracleConfig<Hypers>, snapshots: readonly number[], seed: bigint): Tensors {
  const rows = tensors.flatMap((tensor) => {
    const after = oracleRun(config, tensor, trace, STEPS, seed);
    return snapshots.flatMap((step) => {
      const { p, states } = after[step - 1]!;
      const named = states.map(
        ({ values }, k) => [`s${step}/${tensor.name}/${config.rule.states[k]}`, values] as const,
      );
      return [[`p${step}/${tensor.name}`, p] as const, ...named].map(
        ([key, data]) => [key, { shape: tensor.shape, data }] as const,
      );
    });
  });
  return new Map(rows);
}

test("float32 input is rounded to the first dtypes of a spec, and float32 is written", () => {
  const path = workplace.write(
    "half.yaml",
    [
      "name: half",
      "hyper: { lr: 0.01, momentum: 0.9, weight_decay: 0.1 }",
      "states: { m: { bits: 32 } }",
      "param: { dtype: [bf16, f32], master: 24, rounding: stochastic }",
      "grad: [f16, bf16]",
      "update: |",
      "  d = g + weight_decay*p",
      "  m = momentum*m + d",
      "  p = p - lr*m",
    ].join("\n"),
  );
  const hyper: SgdmHypers = { lr: 0.01, momentum: 0.9, weight_decay: 0.1 };
  const config: OracleConfig<SgdmHypers> = { rule: sgdm, hyper, codecs: [{ bits: 32 }], nonfinite: "hold" };
  const found = replay(path, "--device", "typescript", "--seed", "9", "--snapshots", "1,3", "--states");
  const codec = { dtype: "bf16", rounding: "stochastic", master: 24 } as const;
  for (const tensor of tensors) {
    const after = oracleRun(config, tensor, trace, STEPS, 9n, codec, "f16");
    for (const step of [1, 3]) {
      const { parameter, states } = after[step - 1]!;
      const p = decodeStored(parameter.stored, "bf16");
      expect(found.get(`p${step}/${tensor.name}`)).toEqual({ shape: tensor.shape, data: p });
      expect(found.get(`s${step}/${tensor.name}/m`)?.data).toEqual(states[0]?.values);
    }
  }
});

describe("on an exact device, bit for bit the oracle", () => {
  const run = (spec: string, ...args: string[]) => replay(spec, "--device", "typescript", ...args);

  test.each(cpus.length > 0 ? ["typescript", "cpu"] : ["typescript"])(
    "adamw-4bit-block on %s, snapshots and states",
    (device) => {
      const found = replay(shipped("adamw-4bit-block"), "--device", device, "--snapshots", "1,3", "--states");
      const wanted = expected(adamw4, [1, 3], 0n);
      expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
      for (const [key, tensor] of wanted) expect(found.get(key), key).toEqual(tensor);
    },
  );

  test("hypers, and the last step alone where no snapshot is named", () => {
    const hyper = { ...ADAM, lr: 0.02, beta1: 0.5, eps: 1e-4 };
    const wanted = expected({ ...adamw4, hyper }, [STEPS], 0n);
    const spellings = [
      ["--hyper", "lr=2e-2", "--hyper", "beta1=0.5", "--hyper=eps=1e-4"],
      ["--hyper", "lr=2e-2", "beta1=.5", "eps=0.0001"],
      ["--hyper", "lr=0.02,beta1=0.5,eps=1E-4"],
    ];
    for (const spelling of spellings) {
      const found = run(shipped("adamw-4bit-block"), ...spelling);
      expect([...found.keys()].sort()).toEqual(tensors.map(({ name }) => `p${STEPS}/${name}`).sort());
      for (const [key, tensor] of found) expect(tensor, key).toEqual(wanted.get(key));
    }
  });

  test("stochastic rounding follows the seed", () => {
    const three = { ...four, bits: 3, rounding: "stochastic" } as const;
    const codecs: StateCodec[] = [
      { ...three, signed: true, mapping: "dynamic" },
      { ...three, signed: false, mapping: { linear: { zero: false } } },
    ];
    const config = { ...adamw4, hyper: { ...ADAM, beta1: 0.8 }, codecs };
    const found = run(shipped("adamw-3bit"), "--seed", "12345678901", "--states");
    for (const [key, tensor] of expected(config, [STEPS], 12345678901n))
      expect(found.get(key), key).toEqual(tensor);
    const other = run(shipped("adamw-3bit"), "--seed", "7");
    expect(other.get(`p${STEPS}/layer/0/weight`)).not.toEqual(found.get(`p${STEPS}/layer/0/weight`));
  });

  test("bfloat16, a whole tensor's scale and mixed sizes", () => {
    const spec = workplace.write(
      "mixed.yaml",
      `
name: mixed
hyper: { lr: 1e-2, momentum: 0.9, weight_decay: 0 }
states:
  m: { bits: 16, rounding: stochastic, min_size: 5 }
  n: { bits: 2, signed: true, mapping: { linear: { zero: true } }, normalize: tensor, min_size: 1000 }
update: |
  d = g + weight_decay*p
  m = momentum*m + d
  n = n + g
  p = p - lr*m - lr*n
`,
    );
    // The oracle's momentum, and a second state beside it.
    const rule: Rule<SgdmHypers> = {
      states: ["m", "n"],
      at(hyper, t, ops) {
        const update = sgdm.at(hyper, t, ops);
        const lr = ops.round(hyper.lr);
        return (p, g, [m = 0, n = 0]) => {
          const { p: next, states } = update(p, g, [m]);
          const sum = ops.add(n, g);
          return { p: ops.sub(next, ops.mul(lr, sum)), states: [...states, sum] };
        };
      },
    };
    const codecs: StateCodec[] = [
      { bits: 16, rounding: "stochastic", minSize: 5 },
      {
        bits: 2,
        signed: true,
        mapping: { linear: { zero: true } },
        normalize: "tensor",
        rounding: "nearest",
        minSize: 1000,
      },
    ];
    const config = {
      rule,
      hyper: { lr: 1e-2, momentum: 0.9, weight_decay: 0 },
      codecs,
      nonfinite: "hold",
    } as const;
    const found = run(spec, "--states", "--snapshots", "2,1,2");
    const wanted = expected(config, [1, 2], 0n);
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [key, tensor] of wanted) expect(found.get(key), key).toEqual(tensor);
  });

  test("the same call writes the same bytes, with what it was called with", () => {
    const call = (out: string) =>
      workplace.run([
        "replay",
        shipped("lion-8bit"),
        "--input",
        input,
        "--out",
        out,
        "--device",
        "typescript",
      ]);
    expect([call("a/1.safetensors").code, call("a/2.safetensors").code]).toEqual([0, 0]);
    const [one, two] = ["a/1.safetensors", "a/2.safetensors"].map((path) =>
      readFileSync(join(workplace.folder, path)),
    );
    expect(one).toEqual(two);
    expect(readSafetensors(one!).metadata).toMatchObject({
      spec: "lion-8bit",
      device: "typescript",
      seed: "0",
    });
  });
});

describe("on webgpu", () => {
  test.each([["--device", "webgpu"]])("%s %s", (...args) => {
    const out = "webgpu.safetensors";
    const call = ["replay", shipped("adamw-4bit-block"), "--input", input, "--out", out, "--states", ...args];
    const { code, stderr } = workplace.run(call);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^replaying 3 steps on webgpu \(.+\)$/m);
    const found = read(out);
    const wanted = expected(adamw4, [STEPS], 0n);
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    const norm = (values: Float32Array) => Math.hypot(...values);
    for (const [key, { shape, data }] of wanted) {
      const got = found.get(key)!;
      expect(got.shape).toEqual(shape);
      // Division and square root may be a few ulp off, and a value beside a threshold may take the other level.
      const bound = key.startsWith("p") ? 1e-6 : 1e-3;
      expect(norm(got.data.map((x, i) => x - data[i]!)), key).toBeLessThanOrEqual(bound * norm(data));
    }
  });
});

test("a recorded run of another library, other tensors in its file left aside", () => {
  const goldens = join(root, "test", "goldens", "trajectories.safetensors");
  const out = "goldens.safetensors";
  const call = ["replay", shipped("adamw-32bit"), "--input", goldens, "--out", out, "--snapshots", "1,10"];
  expect(workplace.run([...call, "--device", "typescript"]).code).toBe(0);
  const found = read(out);
  const { tensors: recorded } = readSafetensors(readFileSync(goldens));
  expect(found.size).toBe(10);
  for (const [key, { data, shape }] of found) {
    const torch = recorded.get(`torch_adamw/${key}`)!;
    expect(shape).toEqual(torch.shape);
    const theirs = torch.data as Float32Array;
    expect(Math.hypot(...data.map((x, i) => x - theirs[i]!)) / Math.hypot(...theirs), key).toBeLessThan(1e-6);
  }
});
