import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { descriptor as rank1 } from "../../generated/adamw-4bit/index.js";
import { descriptor as block } from "../../generated/adamw-4bit-block/index.js";
import { LowbitError, LowbitOptimizer, openDevice } from "../../runtime/index.js";
import { canRun, FakeDriver, fatbin, optimizer, withFatbin } from "./support.js";

const fake = new FakeDriver();

function failure(run: () => unknown): LowbitError {
  try {
    run();
  } catch (error) {
    if (error instanceof LowbitError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const params = () => ({ w: new Float32Array(5000) });
const grads = { w: new Float32Array(5000) };

describe.runIf(canRun)("opening a GPU", () => {
  const others = 'openDevice("webgpu") and openDevice("typescript") run without.';

  test("without a driver", async () => {
    process.env.LOWBIT_CUDA_DRIVER = join(fake.folder, "libnone.so");
    const error = failure(() => fake.open());
    expect(error.code).toBe("no-cuda");
    expect(error.message).toMatch(
      /^there is no NVIDIA driver here \(.*libnone\.so: cannot open.*\): install it/,
    );
    expect(error.message).toContain(others);
    await expect(openDevice("cuda")).rejects.toThrow(error.message);
  });

  test("without a GPU", () => {
    fake.fail("cuInit", 100);
    expect(failure(() => fake.open())).toMatchObject({
      code: "no-cuda",
      message: `the NVIDIA driver finds no GPU: see what nvidia-smi lists and CUDA_VISIBLE_DEVICES hides. ${others}`,
    });
    fake.set("FAIL", "");
    fake.set("GPUS", "0");
    expect(failure(() => fake.open()).code).toBe("no-cuda");
  });

  test("of a number that is not there", () => {
    fake.set("GPUS", "2");
    expect(failure(() => fake.open({ ordinal: 2 })).message).toBe(
      `there is no GPU 2: the driver counts 2, from 0 (CUDA_VISIBLE_DEVICES decides which). ${others}`,
    );
    expect(failure(() => fake.open({ ordinal: -1 })).code).toBe("wrong-option");
    fake.open({ ordinal: 1 }).dispose();
  });

  test("with a driver that is too old", () => {
    const library = join(fake.folder, "libold.so");
    fake.compile(library, ["-DcuGraphInstantiateWithFlags=cuGraphInstantiate"]);
    process.env.LOWBIT_CUDA_DRIVER = library;
    fake.set("VERSION", "10020");
    expect(failure(() => fake.open())).toMatchObject({
      code: "old-driver",
      message:
        "the NVIDIA driver is too old: it is of CUDA 10.2 and has no cuGraphInstantiateWithFlags, R470 (CUDA 11.4) or " +
        `later is needed: update the driver. ${others}`,
    });
  });

  test("with a driver that does not start", () => {
    fake.fail("cuInit", 34);
    expect(failure(() => fake.open())).toMatchObject({
      code: "broken-driver",
      message: expect.stringContaining("CUDA_ERROR_STUB_LIBRARY (as told) from cuInit"),
    });
  });

  test("that is full", () => {
    fake.fail("cuDevicePrimaryCtxRetain", 2);
    expect(failure(() => fake.open()).code).toBe("out-of-memory");
    expect(fake.counts()).toMatchObject({ contexts: 0, current: 0 });
  });

  test("is the default where it works, and passed over only where it is missing", async () => {
    const device = await openDevice();
    expect(device.kind).toBe("cuda");
    expect(device.description).toBe("Fake GPU (sm_90)");
    device.dispose();
    fake.fail("cuInit", 34);
    await expect(openDevice()).rejects.toThrow("does not start");
    fake.fail("cuInit", 100);
    const other = await openDevice();
    expect(other.kind).not.toBe("cuda");
    other.dispose();
  });
});

describe.runIf(canRun)("kernels", () => {
  const make = (image: URL | Uint8Array) => {
    const device = fake.open();
    try {
      return failure(() => new LowbitOptimizer(withFatbin(block, image), device, params()));
    } finally {
      device.dispose();
      expect(fake.counts()).toMatchObject({ memories: 0, modules: 0, current: 0 });
    }
  };

  test("that are not compiled", () => {
    const place = join(fake.folder, "none.fatbin");
    expect(make(pathToFileURL(place))).toMatchObject({
      code: "not-compiled",
      message:
        `the CUDA kernels of adamw-4bit-block are not compiled (there is no ${place}): run ` +
        "`lowbit-gen build SPEC --target cuda` where nvcc is, or open another device",
    });
  });

  test("that are cut off, or no fatbin at all", () => {
    for (const image of [fatbin().subarray(0, 20), new Uint8Array(3), new Uint8Array(64)])
      expect(make(image)).toMatchObject({
        code: "not-compiled",
        message: expect.stringContaining("no whole fatbin"),
      });
  });

  test("for other GPUs, with what they were compiled for", () => {
    const place = join(fake.folder, "other.fatbin");
    writeFileSync(place, fatbin());
    fake.fail("cuModuleLoadData", 209);
    expect(make(pathToFileURL(place)).message).toBe(
      "the kernels of adamw-4bit-block were not compiled for this Fake GPU (sm_90): run `lowbit-gen build --target cuda --arch sm_90`",
    );
    writeFileSync(`${place}.json`, JSON.stringify({ nvcc: "13.0", architectures: ["sm_80", "sm_86"] }));
    expect(make(pathToFileURL(place))).toMatchObject({
      code: "wrong-architecture",
      message: expect.stringContaining("(sm_90), but for sm_80, sm_86: run"),
    });
  });

  test("of another source than the one beside them", () => {
    const place = join(fake.folder, "kernels.fatbin");
    writeFileSync(place, fatbin());
    writeFileSync(join(fake.folder, "kernels.cu"), "// changed");
    writeFileSync(`${place}.json`, JSON.stringify({ source: "0", nvcc: "13.0", architectures: ["sm_90"] }));
    expect(make(pathToFileURL(place))).toMatchObject({
      code: "not-compiled",
      message: `${place} was compiled of another kernels.cu than the one beside it: build adamw-4bit-block again`,
    });
    rmSync(join(fake.folder, "kernels.cu"));
  });

  test("of a newer CUDA than the driver's", () => {
    const place = join(fake.folder, "newer.fatbin");
    writeFileSync(place, fatbin());
    writeFileSync(`${place}.json`, JSON.stringify({ nvcc: "14.1", architectures: ["sm_90"] }));
    for (const status of [200, 209, 222]) {
      fake.fail("cuModuleLoadData", status);
      expect(make(pathToFileURL(place))).toMatchObject({
        code: "old-driver",
        message: expect.stringContaining(
          "compiled by CUDA 14.1, and the driver is of CUDA 13.0: update the driver",
        ),
      });
    }
  });

  test("that do not load for another reason, or are not all there", () => {
    fake.fail("cuModuleLoadData", 901);
    expect(make(fatbin())).toMatchObject({ code: "kernel-load" });
    fake.fail("cuModuleGetFunction", 500);
    expect(make(fatbin())).toMatchObject({
      code: "device-failed",
      message: expect.stringContaining(
        "looking for the kernel step of adamw-4bit-block: CUDA_ERROR_NOT_FOUND",
      ),
    });
  });
});

describe.runIf(canRun)("memory", () => {
  test("that there is not enough of", () => {
    fake.set("BYTES", "100000");
    const device = fake.open();
    const error = failure(() => optimizer(block, device, { w: new Float32Array(50_000) }));
    expect(error).toMatchObject({
      code: "out-of-memory",
      message:
        "the GPU has no 200192 bytes in one piece for parameters: 100000 of its 100000 are free. Free others first, or " +
        "use states of fewer bits",
    });
    // What fits still does, and nothing is left of what did not.
    expect(fake.counts().memories).toBe(0);
    const opt = optimizer(block, device, { w: new Float32Array(10) });
    opt.step({ w: new Float32Array(10) });
    device.dispose();
    expect(fake.counts()).toMatchObject({
      memories: 0,
      bytes: 0,
      pinned: 0,
      events: 0,
      streams: 0,
      contexts: 0,
    });
  });

  test("of other libraries, which is used as it is or refused by name", async () => {
    const device = fake.open();
    const [array] = device.createArrays([{ role: "p", type: "f32", length: 100, tensor: "a" }]);
    const { pointer } = array as unknown as { pointer: bigint };
    const code = (run: () => unknown) => failure(run).code;
    expect(code(() => device.wrap(pointer + 4n, "f32", 10))).toBe("misaligned");
    expect(code(() => device.wrap(0n, "f32", 10))).toBe("misaligned");
    expect(code(() => device.wrap(pointer, "f32", 129))).toBe("foreign-memory");
    expect(failure(() => device.wrap(pointer + 16n, "f32", 125)).message).toBe(
      `the pointer 0x${(pointer + 16n).toString(16)} has 496 bytes behind it, and the array needs 500`,
    );
    expect(failure(() => device.wrap(16n, "f32", 1)).message).toContain("is not known to the CUDA driver");
    expect(code(() => device.wrap(pointer, "f32", -1))).toBe("wrong-length");
    expect(code(() => device.wrap(pointer, "f32", 100, { shape: [10, 10], strides: [1, 10] }))).toBe(
      "not-contiguous",
    );
    fake.set("ORDINAL", "3");
    expect(failure(() => device.wrap(pointer, "f32", 1)).message).toContain("is of GPU 3");
    fake.set("TYPE", "1");
    expect(failure(() => device.wrap(pointer, "f32", 1)).message).toContain("is of host memory");
    fake.set("TYPE", "2");
    fake.set("ORDINAL", "0");

    const wrapped = device.wrap(pointer, "f32", 100, { shape: [1, 10, 10], strides: [7, 10, 1] });
    const opt = optimizer(block, device, { w: { array: wrapped, shape: [10, 10] } as never });
    expect(opt.params.w!.array).toBe(wrapped);
    wrapped.write(new Float32Array(100).fill(2));
    expect(await array!.read()).toEqual(new Float32Array(100).fill(2));
    expect(device.wrap(0n, "bf16", 0).length).toBe(0);
    device.dispose();
  });
});

describe.runIf(canRun)("while it runs", () => {
  test("a call that fails is named, and the next may work", () => {
    const device = fake.open();
    const opt = optimizer(block, device, params());
    fake.fail("cuLaunchKernel", 701);
    expect(failure(() => opt.step(grads))).toMatchObject({
      code: "device-failed",
      message:
        "the CUDA driver failed running a step of adamw-4bit-block: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (as told) from cuLaunchKernel",
    });
    expect(opt.t).toBe(0);
    fake.set("FAIL", "");
    opt.step(grads);
    expect(opt.t).toBe(1);
    device.dispose();
  });

  test("a capture that fails leaves no capture behind", () => {
    const device = fake.open();
    const opt = optimizer(rank1, device, { w: { data: new Float32Array(8192), shape: [64, 128] } });
    for (const [symbol, status] of [
      ["cuLaunchKernel", 701],
      ["cuStreamEndCapture", 901],
      ["cuGraphInstantiateWithFlags", 2],
      ["cuStreamBeginCapture_v2", 901],
    ] as const) {
      fake.fail(symbol, status);
      expect(failure(() => opt.step({ w: new Float32Array(8192) })).message).toContain(symbol);
      expect(fake.counts().graphs).toBe(0);
    }
    fake.set("FAIL", "");
    opt.step({ w: new Float32Array(8192) });
    expect(fake.counts().graphs).toBe(1);
    device.dispose();
  });

  test("a GPU that is lost is lost, and every call after it says so", async () => {
    const device = fake.open();
    const opt = optimizer(block, device, params());
    const step = () => opt.step(grads);
    step();
    fake.fail("cuEventSynchronize", 700);
    const lost = {
      code: "device-lost",
      message:
        "the GPU was lost waiting for it: CUDA_ERROR_ILLEGAL_ADDRESS (as told) from cuEventSynchronize. What is on it is " +
        "gone and the device is of no use any more: open another in a new process and resume from a checkpoint",
    };
    await expect(device.synchronize()).rejects.toMatchObject(lost);
    fake.set("FAIL", "");
    expect(failure(step)).toMatchObject(lost);
    await expect(opt.readParams()).rejects.toMatchObject(lost);
    await expect(opt.stateDict()).rejects.toMatchObject(lost);
    expect(failure(() => optimizer(block, device, params()))).toMatchObject(lost);
    expect(failure(() => opt.params.w!.array.write(new Float32Array(5000)))).toMatchObject(lost);
    // Nothing of the host's is lost, and disposing works.
    expect(opt.t).toBe(1);
    opt.dispose();
    device.dispose();
    expect(failure(() => optimizer(block, device, params())).code).toBe("disposed");
  });

  test("a read that fails rejects, and the next one works", async () => {
    const device = fake.open();
    const opt = optimizer(block, device, params());
    fake.fail("cuMemcpyDtoHAsync_v2", 1);
    await expect(opt.readParams()).rejects.toMatchObject({ code: "device-failed" });
    fake.set("FAIL", "");
    expect(await opt.readParams()).toEqual({ w: new Float32Array(5000) });
    device.dispose();
    expect(() => opt.params.w!.array.write(new Float32Array(5000))).toThrow("freed");
  });
});
