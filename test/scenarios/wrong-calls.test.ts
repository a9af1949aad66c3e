import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Device, type Gradients, type LowbitOptimizer, openDevice } from "../../runtime/index.js";
import { type Instance, instantiate } from "../peers/instance.js";
import { requireWebGpu } from "../support/vulkan.js";
import { compileOrThrow } from "./agreement.js";

const spec = `
name: called-wrongly
hyper: { lr: 0.01, beta: "1 - 1/(t + 1)" }
states:
  m: { bits: 4, signed: true, mapping: dynamic, normalize: { block: 128 }, min_size: 64 }
  v: { bits: 3, signed: false, mapping: linear, normalize: tensor, rounding: stochastic, min_size: 64 }
update: |
  m = beta*m + (1 - beta)*g
  v = beta*v + (1 - beta)*g*g
  p = p - lr*m/(sqrt(v) + 1e-6)
`;
const sizes = { weight: 300, bias: 5 };
const tensors = (seed: number) =>
  Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => [
      name,
      Float32Array.from({ length: size }, (_, i) => Math.sin(i + seed)),
    ]),
  );

async function contents(optimizer: LowbitOptimizer<string>) {
  const states = { weight: await optimizer.state("weight"), bias: await optimizer.state("bias") };
  return { t: optimizer.t, hypers: optimizer.hypers, params: await optimizer.readParams(), states };
}

describe.each(["typescript", "webgpu"] as const)("a generated class on %s", (kind) => {
  let device: Device;
  let instance: Instance;
  beforeAll(async () => {
    device = kind === "webgpu" ? await requireWebGpu() : await openDevice("typescript");
    instance = await instantiate(compileOrThrow(spec));
  });
  afterAll(() => device.dispose());

  const good = tensors(2);
  const { bias: _, ...incomplete } = good;
  test.each<[string, unknown, unknown, string]>([
    ["a missing gradient", incomplete, {}, 'no gradient for "bias"'],
    ["a gradient too many", { ...good, scale: new Float32Array(1) }, {}, '"scale"'],
    ["a short gradient", { ...good, bias: new Float32Array(4) }, {}, '"bias" has 4 values, the parameter 5'],
    ["a Float64Array", { ...good, bias: new Float64Array(5) }, {}, "not Float64Array"],
    ["an unknown hyper", good, { learningRate: 1 }, "called-wrongly has no hyperparameter"],
    ["a misspelt hyper", good, { bata: 0.5 }, 'did you mean "beta"?'],
    ["a hyper that is no number", good, { lr: "0.1" }, '"lr" must be a finite number'],
    ["a hyper that float32 cannot hold", good, { lr: 1e300 }, "lr would be Infinity at step 2"],
  ])("refuses a step with %s in one sentence, and nothing changes", async (_, grads, hypers, message) => {
    const optimizer = new instance.Optimizer(device, tensors(0), { lr: 0.5 });
    optimizer.step(tensors(1));
    const before = await contents(optimizer);
    const step = () => optimizer.step(grads as Gradients, hypers as { lr: number });
    expect(step).toThrow(
      expect.objectContaining({ name: "LowbitError", message: expect.stringContaining(message) }),
    );
    expect(await contents(optimizer)).toEqual(before);
    optimizer.dispose();
  });
});
