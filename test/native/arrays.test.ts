import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { CpuDevice, LowbitError, type TypeName } from "../../runtime/index.js";
import { loadAddon } from "../../runtime/native/addon.js";
import { canRun } from "./support.js";

const MIB = 2 ** 20;
const types: readonly TypeName[] = ["f32", "u32", "bf16", "f16"];
const built = (path: string): string =>
  pathToFileURL(join(import.meta.dirname, "../../dist/runtime", path)).href;
const [runtime, addon] = [built("index.js"), built("native/addon.js")];

/** Runs a module, with `device`, in a process of its own; what it prints. */
function run(script: string): string {
  const open = `const { CpuDevice } = await import(${JSON.stringify(runtime)}); const device = new CpuDevice({ threads: 1 });`;
  return execFileSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", `${open}${script}`], {
    encoding: "utf8",
  });
}

/** Lines of /proc/self/smaps of the mapping that an address lies in. */
function mapping(maps: string, address: string): string {
  const own = maps.split(/\n(?=[\da-f]+-[\da-f]+ )/).find((map) => {
    const [first, end] = map.split(" ", 1)[0]!.split("-");
    return BigInt(`0x${first}`) <= BigInt(address) && BigInt(address) < BigInt(`0x${end}`);
  });
  return own ?? "";
}

const enabled = (() => {
  try {
    return !readFileSync("/sys/kernel/mm/transparent_hugepage/enabled", "utf8").includes("[never]");
  } catch {
    return false;
  }
})();

describe.runIf(canRun)("an array of the cpu device", () => {
  const device = canRun ? new CpuDevice({ threads: 1 }) : (undefined as never);
  const addressOf = (array: Parameters<ReturnType<typeof loadAddon>["cpu"]["addressOf"]>[0]): bigint =>
    loadAddon().cpu.addressOf(array);

  test("has its type and length, is all zeros and begins at a line of the cache", () => {
    for (const type of types)
      for (const length of [0, 1, 2, 33, 4096, 300_007, 2 ** 21, 2 ** 22 + 5]) {
        const array = device.zeros(type, length);
        const name = type === "f32" ? "Float32Array" : type === "u32" ? "Uint32Array" : "Uint16Array";
        expect([array.constructor.name, array.length]).toEqual([name, length]);
        expect(array.every((value) => value === 0)).toBe(true);
        if (length > 0) expect(addressOf(array) % 64n).toBe(0n);
      }
  });

  test("begins at a large page from 8 MiB on, whatever its type", () => {
    for (const type of types)
      for (const bytes of [8 * MIB, 8 * MIB + 4, 40 * MIB])
        expect(
          addressOf(device.zeros(type, bytes / (type === "f32" || type === "u32" ? 4 : 2))) % 2n ** 21n,
        ).toBe(0n);
  });

  test("shares no byte with another", () => {
    const arrays = Array.from({ length: 50 }, (_, i) => device.zeros("u32", 1 + 7 * i).fill(i + 1));
    const large = [1, 2, 3].map((i) => device.zeros("u32", 3e6).fill(i));
    expect(arrays.every((array, i) => array.every((value) => value === i + 1))).toBe(true);
    expect(large.every((array, i) => array.every((value) => value === i + 1))).toBe(true);
  });

  test("is zeros where another one was", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    for (let turn = 0; turn < 20; turn++) {
      for (const length of [100, 50_000, 1e6, 3e6]) {
        const array = device.zeros("u32", length);
        expect(array.every((value) => value === 0)).toBe(true);
        array.fill(0xffffffff);
      }
      gc();
      await new Promise(setImmediate);
    }
  });

  test.runIf(process.platform === "linux" && enabled)(
    "of 8 MiB and more asks for large pages, and no other does",
    () => {
      const said = run(`
        const { loadAddon } = await import(${JSON.stringify(addon)});
        const arrays = [16, 1].map((size) => device.zeros("f32", size * ${MIB}));
        const maps = (await import("node:fs")).readFileSync("/proc/self/smaps", "utf8");
        console.log(JSON.stringify({ maps, addresses: arrays.map((array) => String(loadAddon().cpu.addressOf(array))) }));`);
      const { maps, addresses } = JSON.parse(said) as { maps: string; addresses: [string, string] };
      const [large, small] = addresses.map((address) => mapping(maps, address));
      expect(large).toMatch(/^VmFlags:.* hg( |$)/m);
      expect(small).toMatch(/^VmFlags:/m);
      expect(small).not.toMatch(/^VmFlags:.* hg( |$)/m);
      // What was not touched takes no memory, whatever the size of pages.
      expect(large).toMatch(/^Rss: +0 kB$/m);
    },
  );

  test("that is no longer needed is freed, without a turn of the event loop", () => {
    const said = run(`
      let most = 0;
      for (let i = 0; i < 500; i++) {
        device.zeros("f32", ${4 * MIB})[i] = 1;
        device.zeros("f32", ${MIB / 16}).fill(1);
        if (i % 50 === 0) most = Math.max(most, process.memoryUsage().rss, process.memoryUsage().external);
      }
      globalThis.gc();
      console.log(JSON.stringify({ most, left: process.memoryUsage().arrayBuffers }));`);
    const { most, left } = JSON.parse(said) as { most: number; left: number };
    // Of the 8 GB that were made.
    expect(most).toBeLessThan(1024 * MIB);
    expect(left).toBeLessThan(40 * MIB);
  });

  test("is JavaScript's own: it can be given to a worker, which can make others", async () => {
    const array = device.zeros("f32", 3e6).fill(2);
    const script = `
      const { parentPort, workerData } = require("node:worker_threads");
      (async () => {
        const { CpuDevice } = await import(${JSON.stringify(runtime)});
        const other = new CpuDevice({ threads: 2 }).zeros("f32", 3e6);
        other.set(workerData.array);
        parentPort.postMessage(other, [other.buffer]);
      })();`;
    const worker = new Worker(script, {
      eval: true,
      workerData: { array },
      transferList: [array.buffer as ArrayBuffer],
    });
    const back = await new Promise<Float32Array>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    expect(array.length).toBe(0);
    expect(back.length).toBe(3e6);
    expect(back.every((value) => value === 2)).toBe(true);
  });

  test("that there is no memory for, or that cannot be, is one sentence", () => {
    const failure = (make: () => unknown): LowbitError => {
      try {
        make();
      } catch (error) {
        if (error instanceof LowbitError) return error;
        throw error;
      }
      throw new Error("nothing was thrown");
    };
    for (const length of [2 ** 45, Number.MAX_SAFE_INTEGER])
      expect(failure(() => device.zeros("f32", length))).toMatchObject({
        code: "out-of-memory",
        message: `an array of ${4 * length} bytes does not fit the memory that is left: free some, or give the optimizer smaller tensors`,
      });
    for (const length of [-1, 0.5, Number.NaN, 2 ** 53])
      expect(failure(() => device.zeros("f32", length)).code).toBe("wrong-length");
    for (const type of ["f64", "toString", undefined])
      expect(failure(() => device.zeros(type as "f32", 1))).toMatchObject({
        code: "wrong-type",
        message: expect.stringMatching(/: name f32, u32, bf16, f16$/) as string,
      });
    const gone = new CpuDevice({ threads: 1 });
    gone.dispose();
    expect(failure(() => gone.zeros("f32", 1)).code).toBe("disposed");
  });
});
