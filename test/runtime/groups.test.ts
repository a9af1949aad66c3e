import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Device, openDevice, readSafetensors } from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { Momentum, momentum } from "./momentum.js";
import { gradientsOf, parametersOf, snapshot, values } from "./support.js";

const sizes = { "layer1.weight": 1027, "layer1.bias": 20, "norm.weight": 100, scale: 1 };

/** Everything but the weight and the scale, and the weight with its states in 32 bits. */
const groups = {
  plain: { params: ["layer1.bias", /norm/], lr: 1 / 16, beta: 0.5 },
  exact: { params: ["layer1.weight"], states: "full" },
};

function refusal(code: string, message: string): Error {
  return expect.objectContaining({
    name: "LowbitError",
    code,
    message: expect.stringContaining(message),
  }) as Error;
}

describe.each(["typescript", "webgpu"] as const)("on %s", (kind) => {
  let device: Device;
  beforeAll(async () => {
    device = kind === "webgpu" ? await requireWebGpu() : await openDevice("typescript");
  });
  afterAll(() => device.dispose());

  const make = (options: object = {}) => new Momentum(momentum, device, parametersOf(sizes), options);

  test("each group follows its own hypers, and keeps its states as it says", async () => {
    const optimizer = make({ lr: 1 / 4, groups });
    const start = parametersOf(sizes);
    const g = gradientsOf(sizes, 1);
    optimizer.step(g);
    // The first moment is the gradient: p - lr * g, of which these numbers leave nothing to round in 32 bits.
    const moved = (name: keyof typeof sizes, lr: number) => start[name]?.map((p, i) => p - lr * g[name]![i]!);
    const params = await optimizer.readParams();
    expect(params["layer1.weight"]).toEqual(moved("layer1.weight", 1 / 4));
    expect(params["layer1.bias"]).toEqual(moved("layer1.bias", 1 / 16));
    expect(params["norm.weight"]).toEqual(moved("norm.weight", 1 / 16));
    expect(params.scale).toEqual(moved("scale", 1 / 4));
    expect(optimizer.variantOf("layer1.weight")).toBe("full");
    expect(optimizer.variantOf("norm.weight")).toBe("coded");
    expect(Object.keys(await optimizer.state("layer1.weight"))).toEqual(["m"]);
    expect(optimizer.groups).toEqual({
      plain: { params: ["layer1.bias", "norm.weight"], hypers: { lr: 1 / 16, beta: 0.5 } },
      exact: { params: ["layer1.weight"], hypers: { lr: 1 / 4, beta: null } },
    });
    optimizer.dispose();
  });

  test("groups are what optimizers of their own would be, bit for bit", async () => {
    const together = make({ seed: 7, groups: { plain: groups.plain } });
    const isPlain = (name: string) => /bias|norm/.test(name);
    const some = <T>(record: Readonly<Record<string, T>>, plain: boolean) =>
      Object.fromEntries(Object.entries(record).filter(([name]) => isPlain(name) === plain));
    const apart = [true, false].map(
      (plain) =>
        new Momentum(momentum, device, some(parametersOf(sizes), plain), {
          seed: 7,
          ...(plain ? { lr: 1 / 16, beta: 0.5 } : {}),
        }),
    );
    for (let t = 1; t <= 4; t++) {
      const g = gradientsOf(sizes, t);
      together.step(g, t === 3 ? { lr: 1 / 8, groups: { plain: { lr: 1 / 32 } } } : {});
      apart[0]?.step(some(g, true), t === 3 ? { lr: 1 / 32 } : {});
      apart[1]?.step(some(g, false), t === 3 ? { lr: 1 / 8 } : {});
    }
    const expected = await Promise.all(apart.map((optimizer) => optimizer.readParams()));
    expect(await together.readParams()).toEqual(Object.assign({}, ...expected));
    for (const [i, optimizer] of apart.entries()) {
      for (const name of Object.keys(expected[i] ?? {}))
        expect(await together.state(name)).toEqual(await optimizer.state(name));
    }
    for (const optimizer of [together, ...apart]) optimizer.dispose();
  });

  test("a checkpoint holds the groups, and resumes with them bit for bit", async () => {
    const whole = make({ groups });
    for (let t = 1; t <= 3; t++) whole.step(gradientsOf(sizes, t), { groups: { plain: { lr: 1 / 2 ** t } } });
    const file = await whole.stateDict();
    const resumed = new Momentum(momentum, device, await whole.readParams(), { groups });
    await resumed.loadStateDict(file);
    expect(resumed.groups).toEqual(whole.groups);
    expect(resumed.groups.plain?.hypers.lr).toBe(1 / 8);
    for (const optimizer of [whole, resumed]) optimizer.step(gradientsOf(sizes, 4));
    expect(await snapshot(resumed)).toEqual(await snapshot(whole));
    expect(JSON.parse(readSafetensors(file).metadata.groups ?? "")).toEqual({
      plain: { lr: 1 / 8, beta: 0.5 },
      exact: {},
    });
    whole.dispose();
    resumed.dispose();
  });

  test.each([
    ["none", {}, 'has "plain", "exact", which this optimizer does not have'],
    ["one more", { ...groups, other: { params: ["scale"] } }, 'does not have "other"'],
    [
      "another member",
      { ...groups, plain: { params: ["layer1.bias"] } },
      'parameter "norm.weight" is in the group "plain" in the checkpoint, in no group here',
    ],
  ])("a checkpoint of other groups is refused: %s", async (_, others, message) => {
    const saved = make({ groups });
    saved.step(gradientsOf(sizes, 1));
    const file = await saved.stateDict();
    const optimizer = make({ groups: others });
    const before = await snapshot(optimizer);
    await expect(optimizer.loadStateDict(file)).rejects.toThrow(refusal("checkpoint-groups", message));
    expect(await snapshot(optimizer)).toEqual(before);
    saved.dispose();
    optimizer.dispose();
  });

  test("a checkpoint of states kept otherwise is refused by the parameter's name", async () => {
    const saved = make({ groups: { exact: groups.exact } });
    const file = await saved.stateDict();
    const optimizer = make({ groups: { exact: { params: ["layer1.weight"] } } });
    await expect(optimizer.loadStateDict(file)).rejects.toThrow(
      refusal("checkpoint-variant", '"layer1.weight" is kept as "full" in the checkpoint, as "coded" here'),
    );
    saved.dispose();
    optimizer.dispose();
  });

  test.each<[string, unknown, string, string]>([
    ["a list", [groups.plain], "wrong-group", "groups are given by name"],
    ["a number for a group", { plain: 3 }, "wrong-group", 'group "plain" must be an object'],
    ["no params", { plain: { lr: 1 } }, "wrong-group", 'group "plain" needs params'],
    ["empty params", { plain: { params: [] } }, "wrong-group", 'group "plain" needs params'],
    ["params of another kind", { plain: { params: [3] } }, "wrong-group", 'group "plain" needs params'],
    [
      "an unknown parameter",
      { plain: { params: ["layer1.bais"] } },
      "unknown-parameter",
      'group "plain" has "layer1.bais", which is no parameter (did you mean "layer1.bias"?)',
    ],
    [
      "a pattern without a match",
      { plain: { params: [/conv/] } },
      "unknown-parameter",
      "the pattern /conv/, which matches no parameter",
    ],
    [
      "a parameter in two groups",
      { plain: { params: [/bias/] }, exact: { params: ["scale", "layer1.bias"] } },
      "shared-parameter",
      'parameter "layer1.bias" is in the groups "plain" and "exact"',
    ],
    [
      "an unknown variant",
      { plain: { params: ["scale"], states: "fulll" } },
      "unknown-variant",
      'group "plain": momentum keeps no states as "fulll" (did you mean "full"?)',
    ],
    ["an unknown hyper", { plain: { params: ["scale"], beta2: 1 } }, "unknown-hyper", '"beta2"'],
    [
      "a hyper of another kind",
      { plain: { params: ["scale"], lr: "1" } },
      "wrong-hyper",
      '"lr" must be a finite',
    ],
    ["an unknown dtype", { plain: { params: ["scale"], grad: "fp8" } }, "wrong-dtype", 'not "fp8"'],
    [
      "a dtype without kernels",
      { plain: { params: ["scale"], grad: "bf16" } },
      "wrong-dtype",
      'parameter "scale" is f32 and its gradient bf16, and momentum was generated for f32',
    ],
  ])("construction with %s is refused", (_, given, code, message) => {
    expect(() => make({ groups: given })).toThrow(refusal(code, message));
  });

  test.each<[string, unknown, string, string]>([
    [
      "an unknown group",
      { groups: { plan: { lr: 1 } } },
      "unknown-group",
      'no group "plan" (did you mean "plain"?)',
    ],
    ["an unknown hyper", { groups: { plain: { beta2: 1 } } }, "unknown-hyper", '"beta2"'],
    ["a hyper of another kind", { groups: { plain: { lr: NaN } } }, "wrong-hyper", '"lr"'],
    ["groups of another kind", { groups: 3 }, "wrong-group", "groups change by name"],
    ["hypers of another kind", { groups: { plain: 3 } }, "wrong-hyper", "by name"],
    ["a hyper that float32 cannot hold", { groups: { plain: { lr: 1e300 } } }, "non-finite-uniform", "lr"],
  ])("a step with %s is refused and changes nothing", async (_, changes, code, message) => {
    const optimizer = make({ groups });
    optimizer.step(gradientsOf(sizes, 1));
    const before = { ...(await snapshot(optimizer)), groups: optimizer.groups };
    expect(() => optimizer.step(gradientsOf(sizes, 2), changes as object)).toThrow(refusal(code, message));
    expect({ ...(await snapshot(optimizer)), groups: optimizer.groups }).toEqual(before);
    optimizer.dispose();
  });

  test("an optimizer whose parameters are all in groups needs no settings of its own to be possible", async () => {
    const optimizer = new Momentum(
      momentum,
      device,
      { w: values(5, 1) },
      {
        lr: 1e300,
        groups: { all: { params: [/./], lr: 0.5 } },
      },
    );
    optimizer.step({ w: values(5, 2) });
    expect(optimizer.t).toBe(1);
    optimizer.dispose();
  });
});
