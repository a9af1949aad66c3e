import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type SafeTensor, writeSafetensors } from "../../runtime/index.js";
import { shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();
const spec = shipped("sgdm-8bit");
const f32 = (...shape: number[]): SafeTensor => {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.5);
  return { dtype: "F32", shape, data };
};
const good = { "p0/w": f32(2, 3), "g1/w": f32(2, 3), "g2/w": f32(2, 3) };

function trace(tensors: Readonly<Record<string, SafeTensor>>): string {
  return workplace.write("trace.safetensors", writeSafetensors(Object.entries(tensors)));
}

/** Fails with this message, on one line, and writes no file. */
function expectRefusal(args: readonly string[], message: string): void {
  const { code, stdout, stderr } = workplace.run(["replay", ...args]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(existsSync(join(workplace.folder, "out.safetensors"))).toBe(false);
}

const call = (...args: string[]): string[] => [
  spec,
  "--input",
  "trace.safetensors",
  "--out",
  "out.safetensors",
  ...args,
];

describe("a wrong trace", () => {
  const odd: SafeTensor = { dtype: "F64", shape: [2, 3], data: new Float64Array(6) };
  const wrong: [string, Readonly<Record<string, SafeTensor>>, string][] = [
    [
      "no start values",
      { "g1/w": f32(2), "q0/w": f32(2) },
      "holds no start values: they are named p0/<tensor>",
    ],
    [
      "no gradients",
      { "p0/w": f32(2), "g0/w": f32(2), "g01/w": f32(2) },
      "holds no gradients: they are named g1/",
    ],
    ["a step left out", { ...good, "g4/w": f32(2, 3) }, "holds gradients up to step 4, but none of step 3"],
    ["no first step", { "p0/w": f32(2), "g2/w": f32(2) }, "holds gradients up to step 2, but none of step 1"],
    ["a tensor left out of a step", { ...good, "p0/b": f32(1), "g1/b": f32(1) }, "g2/b is missing"],
    [
      "a gradient without its parameter",
      { ...good, "g2/b": f32(1) },
      "g2/b has no start values: p0/b is missing",
    ],
    [
      "a gradient of another shape",
      { ...good, "g2/w": f32(3, 2) },
      "g2/w has shape [3,2], but p0/w has [2,3]",
    ],
    [
      "a start value of another type",
      { ...good, "p0/w": odd },
      "p0/w is F64: start values and gradients are F32",
    ],
    ["a gradient of another type", { ...good, "g2/w": odd }, "g2/w is F64"],
  ];

  test.each(wrong)("%s", (_, tensors, message) => {
    trace(tensors);
    expectRefusal(call("--device", "typescript"), `trace.safetensors: ${message}`);
  });

  test("that is not there, or no safetensors", () => {
    expectRefusal(
      [spec, "--input", "nope", "--out", "out.safetensors"],
      "cannot read nope: there is no such file",
    );
    workplace.write("text", "hello, world");
    expectRefusal([spec, "--input", "text", "--out", "out.safetensors"], "cannot read text: ");
  });

  test("anything else in the file is left alone", () => {
    const others: Record<string, SafeTensor> = {
      "p1/w": odd,
      "s1/w/m": odd,
      note: { dtype: "BOOL", shape: [2], data: Uint8Array.of(0, 1) },
      "x/p0/w": odd,
    };
    trace({ ...good, ...others });
    expect(workplace.run(["replay", ...call("--device", "typescript", "--out=other.safetensors")]).code).toBe(
      1,
    );
    expect(
      workplace.run([
        "replay",
        spec,
        "--input",
        "trace.safetensors",
        "--out",
        "ok.safetensors",
        "--device",
        "typescript",
      ]).code,
    ).toBe(0);
  });
});

describe("a wrong call", () => {
  trace(good);
  const wrong: [string, string[], string][] = [
    ["no input", [spec, "--out", "out.safetensors"], "--input is missing: give --input FILE.safetensors"],
    ["no output", [spec, "--input", "trace.safetensors"], "--out is missing"],
    ["no spec", ["lr=1", "--input", "trace.safetensors", "--out", "out.safetensors"], "replay needs a SPEC"],
    ["two specs", call("other.yaml"), "replay takes one spec, found"],
    [
      "an unknown hyper",
      call("--hyper", "momentun=1"),
      'no hyper "momentun": did you mean momentum? allowed: lr,',
    ],
    ["a hyper that is no number", call("--hyper", "lr=fast"), '"fast" is not a finite number'],
    ["a hyper that is too great", call("--hyper", "lr=1e999"), '"1e999" is not a finite number'],
    ["a hyper without a value", call("--hyper", "lr"), "--hyper lr is not NAME=NUMBER"],
    ["a hyper given twice", call("--hyper", "lr=1,lr=2"), "--hyper gives lr twice"],
    ["an unknown device", call("--device", "webgup"), 'there is no device "webgup": did you mean webgpu?'],
    ["a negative seed", call("--seed=-1"), '--seed is "-1": give a whole number from 0 to 2^53 - 1'],
    ["a seed that is too great", call("--seed", "9007199254740992"), '--seed is "9007199254740992"'],
    ["step 0", call("--snapshots", "0,1"), 'a step of --snapshots is "0"'],
    ["no step", call("--snapshots", "1,x"), 'a step of --snapshots is "x"'],
    ["a step too many", call("--snapshots", "1,3"), "names step 3, but the input has gradients of 2 steps"],
    [
      "the input as output",
      [spec, "--input", "trace.safetensors", "--out", "./trace.safetensors"],
      "is the input",
    ],
    [
      "an output below a file",
      [spec, "--input", "trace.safetensors", "--out", "trace.safetensors/x"],
      "trace.safetensors is a file, and a folder is needed there",
    ],
    [
      "settings that overflow",
      call("--hyper", "lr=1e300", "--device", "typescript"),
      "would be Infinity at step 1",
    ],
  ];

  test.each(wrong)("%s", (_, args, message) => {
    expectRefusal(args, message);
  });

  test("a wrong spec is its diagnostics", () => {
    const path = workplace.write("wrong.yaml", specText().replace("lr: 0.1", "lr: ~"));
    const args = [path, "--input", "trace.safetensors", "--out", "out.safetensors"];
    expectRefusal(args, "wrong.yaml:3:");
  });

  test("webgpu where there is none", () => {
    const none = { VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere", LD_LIBRARY_PATH: "" };
    const { code, stderr } = workplace.run(["replay", ...call("--device", "webgpu")], none);
    if (code === 0) return;
    expect(stderr).toContain("lowbit-gen: WebGPU found no adapter");
  });
});

test("no temporary folder stays", () => {
  workplace.write("temporary/.keep", "");
  trace(good);
  const own = join(workplace.folder, "temporary");
  const args = [spec, "--input", "trace.safetensors", "--out", "ok.safetensors", "--device", "typescript"];
  expect(workplace.run(["replay", ...args], { TMPDIR: own, TEMP: own, TMP: own }).code).toBe(0);
  expect(readdirSync(own)).toEqual([".keep"]);
});
