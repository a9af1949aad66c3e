import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { descriptor as rank1 } from "../../generated/adamw-4bit/index.js";
import { descriptor as block } from "../../generated/adamw-4bit-block/index.js";
import type { HostData } from "../../runtime/index.js";
import { canRun, FakeDriver, optimizer, type Ran } from "./support.js";

const fake = new FakeDriver();
const root = join(import.meta.dirname, "../..");

/** Resident, and held by JavaScript, in bytes. */
const used = (): { resident: number; held: number } => {
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, held: heapUsed + external };
};

/** Garbage and what native memory it holds: without it growth is what nobody collected yet. */
async function collect(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise(setImmediate);
  }
}

/** Millions of values take a matcher minutes. */
const isSame = (a: HostData, b: HostData): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

describe.runIf(canRun)("memory", () => {
  test("is all freed over 10,000 cycles of making, stepping and disposing", {
    timeout: 120_000,
  }, async () => {
    fake.set("LOG", "");
    const device = fake.open();
    const { contexts, streams } = fake.counts();
    expect({ contexts, streams }).toEqual({ contexts: 1, streams: 1 });
    const shaped = { w: { data: new Float32Array(8192), shape: [64, 128] }, b: new Float32Array(10) };
    const grads = { w: new Float32Array(8192), b: new Float32Array(10) };
    const cycle = () => {
      const opt = optimizer(rank1, device, shaped);
      opt.step(grads);
      opt.step(grads);
      opt.dispose();
    };
    for (let i = 0; i < 1000; i++) cycle();
    await collect();
    const before = { ...fake.counts(), ...used() };
    expect(before).toMatchObject({ memories: 0, bytes: 0, graphs: 0, current: 0 });
    for (let i = 0; i < 9000; i++) cycle();
    const { launches: _, ...after } = fake.counts();
    // One module an optimizer's image; the rest is of the device.
    expect(after).toMatchObject({ ...after, memories: 0, bytes: 0, graphs: 0, current: 0, streams: 1 });
    expect(after.pinned).toBeLessThanOrEqual(4);
    await collect();
    expect(used().held - before.held).toBeLessThan(2 * 2 ** 20);
    expect(used().resident - before.resident).toBeLessThan(64 * 2 ** 20);
    device.dispose();
    const { launches: __, ...end } = fake.counts();
    expect(Object.values(end).every((count) => count === 0)).toBe(true);
  });

  test("that is free is what nobody has taken", () => {
    fake.set("BYTES", "1000000");
    const device = fake.open();
    const [array] = device.createArrays([{ role: "p", type: "f32", length: 1000, tensor: "w" }]);
    // 4,000 bytes, up to the next multiple of 256.
    expect(device.freeBytes()).toBe(1_000_000 - 4096);
    array!.release();
    expect(device.freeBytes()).toBe(1_000_000);
    device.dispose();
    expect(() => device.freeBytes()).toThrow("the device was disposed");
  });

  test("of what is forgotten is freed when JavaScript collects it", () => {
    const state = join(fake.folder, "collected");
    const url = (path: string) => pathToFileURL(join(root, path)).href;
    const said = execFileSync(
      process.execPath,
      [
        "--expose-gc",
        join(import.meta.dirname, "collected.mjs"),
        url("generated/adamw-4bit-block/index.js"),
        url("dist/runtime/index.js"),
        state,
      ],
      { env: { ...process.env, LOWBIT_FAKE_STATE: state, LOWBIT_FAKE_LOG: "" }, encoding: "utf8" },
    );
    const { most, left } = JSON.parse(said);
    // Each optimizer has four allocations.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(4 * 1000);
    expect(left).toBe(0);
  });

  test("arrives in order and whole, in pieces of any size, while steps go on", async () => {
    const device = fake.open();
    const sizes = [3_000_000, 1, 0, 63, 64, 65, 1_048_576, 7, 2_500_001];
    const values = (n: number, k: number) =>
      Float32Array.from({ length: n }, (_, i) => ((i * 31 + k) % 1009) - k);
    const given = sizes.map(values);
    const arrays = device.createArrays(
      sizes.map(
        (length, i) => ({ role: "p", type: "f32", length, tensor: `t${i}`, source: given[i]! }) as const,
      ),
    );
    const first = device.read(arrays);
    const second = device.read(arrays);
    // Waits for both, which see what was before.
    arrays[0]!.write(new Float32Array(10).fill(-5), 100);
    expect((await first).every((data, i) => isSame(data, given[i]!))).toBe(true);
    expect((await second).every((data, i) => isSame(data, given[i]!))).toBe(true);
    const changed = given[0]!.slice().fill(-5, 100, 110);
    expect(isSame(await arrays[0]!.read(), changed)).toBe(true);

    const halves = Uint16Array.from({ length: 4097 }, (_, i) => i);
    const [half] = device.createArrays([
      { role: "p", type: "bf16", length: 4097, tensor: "h", source: halves },
    ]);
    half!.write(Uint16Array.of(7, 8), 4094);
    halves.set([7, 8], 4094);
    expect(await half!.read()).toEqual(halves);
    device.dispose();
  });

  test("of more than 2^31 elements, in one tensor and in all, is addressed in 64 bits", async () => {
    fake.set("BYTES", String(2 ** 45));
    const device = fake.open();
    const n = 2 ** 31 + 1025;
    const arrayOf = (tensor: string, length: number) =>
      device.createArrays([{ role: "p", type: "f32", length, tensor }])[0]!;
    const params = {
      big: {
        array: arrayOf("big", n),
        shape: [n],
        length: n,
        dtype: "f32",
        read: async () => new Float32Array(),
      },
      more: {
        array: arrayOf("more", 5000),
        shape: [5000],
        length: 5000,
        dtype: "f32",
        read: async () => new Float32Array(),
      },
    } as const;
    const opt = optimizer(block, device, params);
    opt.step({ big: params.big.array, more: params.more.array });
    await device.synchronize();
    const [launch] = fake
      .ran()
      .filter((one): one is Extract<Ran, { kind: "launch" }> => one.kind === "launch");
    // Of 2,048 elements.
    const tiles = 2 ** 20 + 1;
    // 16 of them a block, or nearly: whole waves of 15 blocks.
    expect(launch).toMatchObject({ kernel: "step", count: tiles + 3, blocks: 4369 * 15 });
    const words = (await device.wrap(BigInt(launch!.tensors), "u32", 32).read()) as Uint32Array;
    const [big, more] = [new BigUint64Array(words.buffer, 0, 8), new BigUint64Array(words.buffer, 64, 8)];
    expect([big[0], more[0]]).toEqual([BigInt(n), 5000n]);
    // Behind a parameter and codes of more than 2^31 elements: nothing overlaps.
    expect(more[4]! - big[4]!).toBeGreaterThanOrEqual(BigInt(Math.ceil(n / 2)));
    // Every tile of both once, in whatever order blocks take them.
    const chunks = (await device.wrap(BigInt(launch!.chunks), "u32", 2 * (tiles + 3)).read()) as Uint32Array;
    const taken = [new Uint8Array(tiles), new Uint8Array(3)];
    for (let i = 0; i < chunks.length; i += 2) taken[chunks[i]!]![chunks[i + 1]!]!++;
    expect(taken.map((tensor) => tensor.every((times) => times === 1))).toEqual([true, true]);

    params.big.array.write(Float32Array.of(1.5), n - 1);
    const tail = device.wrap(big[2]! + BigInt(4 * (n - 5)), "f32", 5);
    expect(await tail.read()).toEqual(Float32Array.of(0, 0, 0, 0, 1.5));
    device.dispose();
  });
});
