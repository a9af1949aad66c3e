import { afterEach, expect, test, vi } from "vitest";
import { type DeviceKind, openDevice, openWebGpuDevice } from "../../runtime/index.js";
import { cpus } from "../support/cpu.js";
import { requireWebGpu } from "../support/vulkan.js";
import { runSteps } from "./support.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

function stubAdapter(adapter: unknown): void {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => adapter } });
}

test("webgpu says what it runs on", async () => {
  const device = await openDevice("webgpu");
  expect(device.kind).toBe("webgpu");
  if (process.env.LOWBIT_TEST_ADAPTER !== "system")
    expect(device.description).toMatch(/^SwiftShader.*\(software\)$/);
  device.dispose();
});

/** What is opened where there is no GPU. */
const host = cpus.length > 0 ? "cpu" : "typescript";

test("without a name, a software adapter is no GPU", async () => {
  const { kind } = await openDevice();
  expect(kind).toBe(process.env.LOWBIT_TEST_ADAPTER === "system" ? "webgpu" : host);
});

test("without a name, the processor is opened where there is no adapter", async () => {
  stubAdapter(null);
  const device = await openDevice(undefined, { threads: 3 });
  expect(device.kind).toBe(host);
  expect(device.description).toMatch(host === "cpu" ? /^3 threads, / : /^TypeScript reference kernels$/);
});

test("without a name and the native addon, typescript is opened", async () => {
  stubAdapter(null);
  vi.stubGlobal("process", undefined);
  vi.resetModules();
  const { openDevice: openAnew } = await import("../../runtime/open.js");
  const { kind } = await openAnew();
  expect(kind).toBe("typescript");
});

test("a device that was named is that or an error, never another", async () => {
  stubAdapter(null);
  await expect(openDevice("webgpu")).rejects.toThrow(
    expect.objectContaining({
      name: "LowbitError",
      code: "no-webgpu",
      message: expect.stringMatching(/no adapter on this machine.*driver.*openDevice\("typescript"\)/s),
    }),
  );
});

test("an adapter that gives no device is an error, with or without a name", async () => {
  const requestDevice = async () => {
    throw new Error("limit exceeded");
  };
  stubAdapter({ limits: {}, requestDevice });
  for (const kind of ["webgpu", undefined] as const)
    await expect(openDevice(kind)).rejects.toThrow(/gives no device: Error: limit exceeded/);
});

test("a browser without WebGPU is told so", async () => {
  vi.stubGlobal("process", undefined);
  const opening = openDevice("webgpu");
  vi.unstubAllGlobals();
  await expect(opening).rejects.toThrow(expect.objectContaining({ code: "no-webgpu" }));
  await expect(opening).rejects.toThrow("this browser has no WebGPU");
});

test("a kind that does not exist is refused", async () => {
  const kind: string = "metal";
  await expect(openDevice(kind as DeviceKind)).rejects.toThrow(
    expect.objectContaining({ code: "unknown-device", message: expect.stringContaining('"metal"') }),
  );
});

test("several devices are open side by side", async () => {
  const [first, second] = [await requireWebGpu(), await requireWebGpu()];
  const result = await runSteps(first, { w: 100 }, 2);
  first.dispose();
  expect(await runSteps(second, { w: 100 }, 2)).toEqual(result);
  second.dispose();
});

test("a device of the caller's own is used, and left open", async () => {
  const owner = await requireWebGpu();
  const borrowed = openWebGpuDevice(owner.gpu);
  expect(borrowed.description).toBe(owner.description);
  const result = await runSteps(borrowed, { w: 100 }, 2);
  borrowed.dispose();
  await expect(borrowed.synchronize()).rejects.toThrow(expect.objectContaining({ code: "disposed" }));
  expect(await runSteps(owner, { w: 100 }, 2)).toEqual(result);
  owner.dispose();
});
