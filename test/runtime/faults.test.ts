import { expect, test } from "vitest";
import { openWebGpuDevice, type WebGpuArray } from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { Momentum, momentum } from "./momentum.js";
import { makeMomentum, values } from "./support.js";

function fault(code: string, message: RegExp): Error {
  return expect.objectContaining({
    name: "LowbitError",
    code,
    message: expect.stringMatching(message),
  }) as Error;
}

const g = { w: values(100, 1) };

function damaged(from: string, to: string) {
  const kernels = Object.fromEntries(
    Object.entries(momentum.modules.webgpu.kernels).map(([name, kernel]) => [
      name,
      { ...kernel, code: kernel.code.replace(from, to) },
    ]),
  );
  return { ...momentum, modules: { ...momentum.modules, webgpu: { kernels } } };
}

test("a kernel that does not compile is reported with its name and the compiler's words", async () => {
  const device = await requireWebGpu();
  const optimizer = new Momentum(damaged("let level =", "let levels ="), device, { w: values(100, 2) });
  optimizer.step(g);
  const expected = fault("kernel-compile", /kernel coded does not compile:\n {2}\d+:\d+ .*level/s);
  await expect(optimizer.readParams()).rejects.toThrow(expected);
  await expect(optimizer.stateDict()).rejects.toThrow(expected);
  await expect(device.synchronize()).rejects.toThrow(expected);
  const steps = optimizer.t;
  expect(() => optimizer.step(g)).toThrow(expected);
  expect(optimizer.t).toBe(steps);
  device.dispose();
});

test("a kernel whose bindings break the contract is reported with its name", async () => {
  const device = await requireWebGpu();
  const descriptor = damaged("var<storage, read> g", "var<storage, read_write> g");
  const optimizer = new Momentum(descriptor, device, { w: values(3, 2) });
  await expect(optimizer.state("w")).rejects.toThrow(
    fault("device-failed", /making the pipeline of kernel full/),
  );
  device.dispose();
});

test("a missing kernel is refused at construction", async () => {
  const device = await requireWebGpu();
  const descriptor = { ...momentum, modules: { webgpu: { kernels: {} } } };
  expect(() => new Momentum(descriptor, device, { w: values(3, 2) })).toThrow(
    fault("descriptor", /no kernel "full"/),
  );
  device.dispose();
});

test("a lost device surfaces at the next await", async () => {
  const device = await requireWebGpu();
  const optimizer = makeMomentum(device, { w: values(100, 2) });
  optimizer.step(g);
  device.gpu.destroy();
  const lost = fault("device-lost", /the WebGPU device was lost \(destroyed\)/);
  await expect(optimizer.readParams()).rejects.toThrow(lost);
  await expect(optimizer.stateDict()).rejects.toThrow(lost);
  await expect(device.synchronize()).rejects.toThrow(lost);
  expect(() => optimizer.step(g)).toThrow(lost);
});

test("memory that the device does not have surfaces at the next await", async () => {
  const device = await requireWebGpu();
  device.gpu.createBuffer({ size: device.gpu.limits.maxBufferSize + 4, usage: 0x80 });
  await expect(device.synchronize()).rejects.toThrow(
    fault("device-failed", /outside of an optimizer.*size/s),
  );
  device.dispose();
});

test("errors of the caller's own on a device of the caller's own are left to the caller", async () => {
  const owner = await requireWebGpu();
  const borrowed = openWebGpuDevice(owner.gpu);
  const optimizer = makeMomentum(borrowed, { w: values(100, 2) });
  owner.gpu.createBuffer({ size: 16, usage: 0x3 });
  optimizer.step(g);
  await borrowed.synchronize();
  await expect(owner.synchronize()).rejects.toThrow(fault("device-failed", /outside of an optimizer/));
  owner.dispose();
});

test("an array that was freed says so", async () => {
  const device = await requireWebGpu();
  const optimizer = makeMomentum(device, { w: values(100, 2) });
  const array = optimizer.grads.w as WebGpuArray;
  expect(array.byteOffset % 16).toBe(0);
  optimizer.dispose();
  const freed = fault("disposed", /freed with the optimizer/);
  expect(() => array.write(g.w)).toThrow(freed);
  await expect(array.read()).rejects.toThrow(freed);
  device.dispose();
});
