import { afterAll, beforeAll, expect, test } from "vitest";
import type { OptimizerDescriptor, TensorArrays } from "../../runtime/descriptor.js";
import { type Device, openDevice, type WebGpuDevice } from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { Momentum, momentum } from "./momentum.js";
import { kernel } from "./momentum-wgsl.js";
import {
  digest,
  gradientsOf,
  makeMomentum,
  parametersOf,
  runSteps,
  type Sizes,
  snapshot,
} from "./support.js";

let typescript: Device;
let webgpu: WebGpuDevice;
beforeAll(async () => {
  typescript = await openDevice("typescript");
  webgpu = await requireWebGpu();
});
afterAll(() => webgpu.dispose());

async function expectSameBits(sizes: Sizes, device: Device): Promise<void> {
  const found = await runSteps(device, sizes, 3, { seed: 5 });
  const expected = await runSteps(typescript, sizes, 3, { seed: 5 });
  expect(digest(found)).toEqual(digest(expected));
}

test("2,000 tensors of all variants", async () => {
  await expectSameBits(
    Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`t${i}`, i % 131])),
    webgpu,
  );
});

test("one large tensor", async () => {
  await expectSameBits({ large: 1_000_001, beside: 40 }, webgpu);
});

test("more workgroups than one dimension takes", async () => {
  // Tiles of 4 elements: only the first lane of each workgroup has work, and 100,000 workgroups are needed.
  const variants = momentum.variants.map((variant) => ({
    ...variant,
    passes: variant.passes.map((pass) => ({ ...pass, tile: 4 })),
  }));
  const kernels = Object.fromEntries(
    Object.entries(momentum.modules.webgpu.kernels).map(([name, kernel]) => [
      name,
      {
        ...kernel,
        code: kernel.code.replace("chunk.y * 256 + lane * 4", "select(0xffffffffu, chunk.y * 4, lane == 0)"),
      },
    ]),
  );
  const descriptor = { ...momentum, variants, modules: { ...momentum.modules, webgpu: { kernels } } };
  const run = async (device: Device): Promise<Record<string, string>> => {
    const sizes = { w: 400_001 };
    const optimizer = new Momentum(descriptor, device, parametersOf(sizes));
    optimizer.step(gradientsOf(sizes, 1));
    const result = digest(await snapshot(optimizer));
    optimizer.dispose();
    return result;
  };
  expect(await run(webgpu)).toEqual(await run(typescript));
});

test("several arenas for every role", async () => {
  const device = await requireWebGpu({ maxBindingBytes: 4096 });
  const sizes = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`t${i}`, (i * 37) % 1000]));
  const optimizer = makeMomentum(device, parametersOf(sizes));
  const buffers = new Set(
    Object.values(optimizer.grads).map((array) => (array as { buffer?: unknown }).buffer),
  );
  expect(buffers.size).toBeGreaterThan(5);
  await expectSameBits(sizes, device);
  await device.synchronize();
  device.dispose();
});

test("a tensor beyond the device's limit is refused by name, and others still fit", async () => {
  const device = await requireWebGpu({ maxBindingBytes: 4096 });
  const make = (n: number) => makeMomentum(device, { small: new Float32Array(3), big: new Float32Array(n) });
  expect(() => make(1025)).toThrow(
    expect.objectContaining({
      code: "too-large",
      message: expect.stringContaining('tensor "big" needs 4112 bytes in one buffer for its values'),
    }),
  );
  make(1024).dispose();
  await device.synchronize();
  device.dispose();
});

test("an optimizer that keeps no state", async () => {
  const sgd: OptimizerDescriptor = {
    ...momentum,
    streams: [],
    variants: [
      {
        name: "only",
        minSize: 0,
        minRank: 0,
        scratch: [],
        states: [],
        passes: [{ kernel: "sgd", clears: [], publishes: [], over: { shape: "element", per: 1 }, tile: 256 }],
      },
    ],
    modules: {
      typescript: { kernels: { sgd: ({ arrays }, { lr }) => arrays.p!.forEach(descend(arrays, lr!)) } },
      webgpu: {
        kernels: {
          sgd: kernel(
            ["p", "g"],
            "for (var i = first; i < min(first + 4, tensor.length); i++) { p[tensor.p + i] -= uniforms.lr * g[tensor.g + i]; }",
          ),
        },
      },
    },
  };
  const descend =
    ({ p, g }: TensorArrays, lr: number) =>
    (value: number, i: number) => {
      p![i] = value - lr * g![i]!;
    };
  const sizes = { a: 3, b: 1000 };
  const results = await Promise.all(
    [typescript, webgpu].map(async (device) => {
      const optimizer = new Momentum(sgd, device, parametersOf(sizes));
      optimizer.step(gradientsOf(sizes, 1));
      expect(optimizer.stateBytes).toBe(0);
      expect(await optimizer.state("a")).toEqual({});
      await optimizer.loadStateDict(await optimizer.stateDict());
      return optimizer.readParams();
    }),
  );
  expect(results[1]).toEqual(results[0]);
  expect(results[0]).not.toEqual(parametersOf(sizes));
});

test("only empty tensors", async () => {
  await expectSameBits({ a: 0, b: 0 }, webgpu);
});
