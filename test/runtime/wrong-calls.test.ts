import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Device,
  type Gradients,
  openDevice,
  type ParameterInput,
  TypeScriptDevice,
} from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { Momentum, momentum } from "./momentum.js";
import { gradientsOf, makeMomentum, parametersOf, snapshot } from "./support.js";

const sizes = { "layer1.weight": 100, "layer1.bias": 20, scale: 1 };
const elsewhere = makeMomentum(new TypeScriptDevice(), parametersOf(sizes));

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

  const good = gradientsOf(sizes, 2);
  const { scale: _, ...incomplete } = good;
  const steps: [string, unknown, unknown, string, string][] = [
    ["no gradients", undefined, {}, "wrong-gradient", "not Undefined"],
    [
      "an empty object",
      {},
      {},
      "missing-gradient",
      '"layer1.weight", "layer1.bias", "scale": every step needs one',
    ],
    ["a missing one", incomplete, {}, "missing-gradient", 'no gradient for "scale"'],
    [
      "an unknown one",
      { ...good, other: good.scale },
      {},
      "unknown-gradient",
      '"other", which is no parameter: the',
    ],
    [
      "a misspelt one",
      { ...incomplete, scales: good.scale },
      {},
      "unknown-gradient",
      'did you mean "scale"?',
    ],
    [
      "an inherited one",
      { ...incomplete, __proto__: good },
      {},
      "missing-gradient",
      'no gradient for "scale"',
    ],
    [
      "a short one",
      { ...good, scale: new Float32Array(0) },
      {},
      "wrong-length",
      "has 0 values, the parameter 1",
    ],
    ["a long one", { ...good, scale: new Float32Array(2) }, {}, "wrong-length", '"scale" has 2 values'],
    ["a Float64Array", { ...good, scale: new Float64Array(1) }, {}, "wrong-gradient", "not Float64Array"],
    ["a Uint32Array", { ...good, scale: new Uint32Array(1) }, {}, "wrong-gradient", "not Uint32Array"],
    ["a plain array", { ...good, scale: [1] }, {}, "wrong-gradient", "not Array"],
    ["null", { ...good, scale: null }, {}, "wrong-gradient", "not Null"],
    [
      "another device's array",
      { ...good, scale: elsewhere.grads.scale },
      {},
      "wrong-device",
      "another device",
    ],
    ["an unknown hyper", good, { learningRate: 1 }, "unknown-hyper", "it has lr, beta"],
    ["a misspelt hyper", good, { bta: 1 }, "unknown-hyper", 'did you mean "beta"?'],
    ["a hyper named seed", good, { seed: 1 }, "unknown-hyper", '"seed"'],
    ["a NaN", good, { lr: Number.NaN }, "wrong-hyper", '"lr" must be a finite number, not NaN'],
    ["an infinity", good, { lr: -Infinity }, "wrong-hyper", "not -Infinity"],
    ["a text", good, { lr: "1e-3" }, "wrong-hyper", "not String"],
    ["nothing as hyper", good, { lr: undefined }, "wrong-hyper", "not Undefined"],
    ["hypers as a number", good, 1e-3, "wrong-hyper", "by name"],
    ["a value beyond float32", good, { lr: 1e300 }, "non-finite-uniform", "lr would be Infinity at step 2"],
  ];

  test.each(steps)(
    "a step with %s is refused, and nothing changes",
    async (_, grads, hypers, code, message) => {
      const optimizer = makeMomentum(device, parametersOf(sizes));
      optimizer.step(gradientsOf(sizes, 1), { lr: 0.5 });
      const before = await snapshot(optimizer);
      expect(() => optimizer.step(grads as Gradients, hypers as { lr: number })).toThrow(
        refusal(code, message),
      );
      expect(await snapshot(optimizer)).toEqual(before);
      // And the next right step is what it would have been.
      optimizer.step(good);
      const reference = makeMomentum(device, parametersOf(sizes));
      reference.step(gradientsOf(sizes, 1), { lr: 0.5 });
      reference.step(good);
      expect(await snapshot(optimizer)).toEqual(await snapshot(reference));
      optimizer.dispose();
      reference.dispose();
    },
  );

  const memory = new Float32Array(8);
  const constructions: [string, unknown, unknown, string, string][] = [
    ["no parameters", {}, {}, "no-parameters", "no parameters"],
    ["a plain array", { w: [1, 2] }, {}, "wrong-parameter", '"w" must be a Float32Array or { data'],
    ["a Float64Array", { w: new Float64Array(2) }, {}, "wrong-parameter", "not Float64Array"],
    ["null", { w: null }, {}, "wrong-parameter", "not Null"],
    [
      "data of Float64Array",
      { w: { data: new Float64Array(1), shape: [1] } },
      {},
      "wrong-parameter",
      "data of Float64",
    ],
    [
      "data without shape",
      { w: { data: memory } },
      {},
      "wrong-shape",
      "shape undefined does not describe 8 values",
    ],
    ["a wrong shape", { w: { data: memory, shape: [3, 3] } }, {}, "wrong-shape", "[3,3] does not describe 8"],
    ["a broken shape", { w: { data: memory, shape: [0.5, 16] } }, {}, "wrong-shape", "[0.5,16]"],
    ["a negative shape", { w: { data: memory, shape: [-2, -4] } }, {}, "wrong-shape", "[-2,-4]"],
    ["another device's parameter", { w: elsewhere.params.scale }, {}, "wrong-device", "another device"],
    ["one memory under two names", { a: memory, b: memory }, {}, "shared-memory", '"a" and "b" share memory'],
    [
      "overlapping memory",
      { a: memory.subarray(4), b: memory.subarray(0, 5) },
      {},
      "shared-memory",
      '"b" and "a" share memory',
    ],
    ["an unknown option", { w: memory }, { lrs: 1 }, "unknown-hyper", 'did you mean "lr"?'],
    ["a NaN", { w: memory }, { lr: Number.NaN }, "wrong-hyper", "not NaN"],
    ["a negative seed", { w: memory }, { seed: -1 }, "wrong-seed", "not -1"],
    ["a seed with a fraction", { w: memory }, { seed: 0.5 }, "wrong-seed", "not 0.5"],
    ["a seed beyond 2^53", { w: memory }, { seed: 2 ** 53 }, "wrong-seed", "whole number"],
    ["a seed of text", { w: memory }, { seed: "1" }, "wrong-seed", "whole number"],
  ];

  test.each(constructions)("construction with %s is refused", (_, params, options, code, message) => {
    const make = () =>
      makeMomentum(device, params as Record<string, ParameterInput>, options as { lr: number });
    expect(make).toThrow(refusal(code, message));
  });

  test("one parameter of another optimizer under two names is refused", () => {
    const first = makeMomentum(device, { w: new Float32Array(8) });
    const { w } = first.params;
    expect(() => makeMomentum(device, { a: w!, b: w! })).toThrow(refusal("shared-memory", '"a" and "b"'));
    first.dispose();
  });

  test("neighbouring memory is no overlap", () => {
    makeMomentum(device, {
      a: memory.subarray(4),
      b: memory.subarray(0, 4),
      c: memory.subarray(2, 2),
    }).dispose();
  });

  test("one parameter's own array as another's gradient is refused, as the order of copies would matter", () => {
    const optimizer = makeMomentum(device, { a: new Float32Array(8), b: new Float32Array(8) });
    const { a, b } = optimizer.grads;
    expect(() => optimizer.step({ a: b!, b: a! })).toThrow(
      refusal("wrong-gradient", '"a" is the optimizer\'s own array for "b"'),
    );
    expect(optimizer.t).toBe(0);
    optimizer.dispose();
  });

  test("a package without kernels for the device is refused", () => {
    const make = () => new Momentum({ ...momentum, modules: {} }, device, { w: new Float32Array(3) });
    expect(make).toThrow(refusal("no-kernels", `momentum was generated without ${kind} kernels`));
  });

  test("unknown names are refused where one is asked for", async () => {
    const optimizer = makeMomentum(device, parametersOf(sizes));
    const unknown = refusal("unknown-parameter", '"scala" (did you mean "scale"?)');
    expect(() => optimizer.variantOf("scala")).toThrow(unknown);
    await expect(optimizer.state("scala")).rejects.toThrow(unknown);
    optimizer.dispose();
  });

  test("arrays refuse what does not fit them", () => {
    const optimizer = makeMomentum(device, { a: new Float32Array(4), b: new Float32Array(5) });
    const { a, b } = optimizer.grads;
    const words: unknown = new Uint32Array(4);
    expect(() => a!.write(words as Float32Array)).toThrow(refusal("wrong-type", "takes a Float32Array"));
    expect(() => a!.write(new Float32Array(5))).toThrow(refusal("wrong-length", "5 elements at offset 0"));
    expect(() => a!.write(new Float32Array(2), 3)).toThrow(refusal("wrong-length", "offset 3"));
    expect(() => a!.write(new Float32Array(1), -1)).toThrow(refusal("wrong-length", "offset -1"));
    expect(() => a!.copyFrom(b!)).toThrow(refusal("wrong-length", "cannot take 5"));
    expect(() => a!.copyFrom(elsewhere.grads.scale!)).toThrow(refusal("wrong-device", "another device"));
    optimizer.dispose();
  });
});

test("a device that was not awaited is refused", () => {
  const device: unknown = openDevice("typescript");
  expect(() => makeMomentum(device as Device, { w: new Float32Array(1) })).toThrow(
    refusal("wrong-device", "the device is Promise"),
  );
});
