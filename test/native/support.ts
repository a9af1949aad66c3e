/** The CUDA device over a driver that needs no GPU: fake-cuda.cc, compiled for each test file. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach } from "vitest";
import type { CudaDevice } from "../../runtime/cuda/device.js";
import { openCudaDevice } from "../../runtime/cuda/open.js";
import { LowbitOptimizer, type OptimizerDescriptor, type OptimizerOptions } from "../../runtime/index.js";
import type { ParameterInput } from "../../runtime/parameters.js";

const sources = [
  join(import.meta.dirname, "fake-cuda.cc"),
  join(import.meta.dirname, "../emulator/block.cc"),
  join(import.meta.dirname, "../emulator/watch.cc"),
];
export const addonPath = join(import.meta.dirname, "../../runtime/native/lowbit.node");

const missing = [
  ...(spawnSync("g++", ["--version"]).status === 0 ? [] : ["g++ (to compile the fake driver)"]),
  ...(existsSync(addonPath) ? [] : ["the native addon (npm run native says why it was not built)"]),
];

/** False, after a loud line, where the tests cannot run; on CI that is an error. */
export const canRun = missing.length === 0;
if (!canRun) {
  const line = `NO NATIVE TESTS: ${missing.join(" and ")} is missing, so nothing of the CUDA device was tested.`;
  if (process.env.CI === "true") throw new Error(line);
  console.warn(`\n${"!".repeat(line.length)}\n${line}\n${"!".repeat(line.length)}\n`);
}

/** In the order of `Counter` in fake-cuda.cc. */
const counters = [
  "memories",
  "bytes",
  "pinned",
  "streams",
  "events",
  "modules",
  "graphs",
  "contexts",
  "current",
  "launches",
] as const;
export type Counts = Record<(typeof counters)[number], number>;

export type Ran =
  | {
      readonly kind: "launch";
      readonly kernel: string;
      readonly blocks: number;
      readonly threads: number;
      readonly uniforms: readonly number[];
      readonly chunks: string;
      readonly count: number;
      readonly tensors: string;
    }
  | { readonly kind: "fill"; readonly to: string; readonly bytes: number }
  | { readonly kind: "copy"; readonly to: string; readonly from: string; readonly bytes: number };

/** One for each test file; its settings last for one test. */
export class FakeDriver {
  readonly folder = mkdtempSync(join(tmpdir(), "lowbit-fake-"));
  readonly library = join(this.folder, "libcuda.so.1");
  readonly #log = join(this.folder, "log");
  readonly #state = join(this.folder, "state");
  readonly #set = new Set<string>();

  constructor() {
    if (canRun) this.compile(this.library, []);
    process.env.LOWBIT_CUDA_DRIVER = this.library;
    process.env.LOWBIT_FAKE_STATE = this.#state;
    process.env.LOWBIT_FAKE_LOG = this.#log;
    beforeEach(() => {
      for (const name of this.#set) delete process.env[name];
      process.env.LOWBIT_CUDA_DRIVER = this.library;
      process.env.LOWBIT_FAKE_LOG = this.#log;
      rmSync(this.#log, { force: true });
    });
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  compile(library: string, definitions: readonly string[]): void {
    execFileSync("g++", ["-std=c++17", "-O1", "-shared", "-fPIC", ...definitions, "-o", library, ...sources]);
  }

  set(
    name: "FAIL" | "GPUS" | "BYTES" | "VERSION" | "TYPE" | "ORDINAL" | "LOG" | "SMS" | "SEED" | "ARRAYS",
    value: string,
  ): void {
    this.#set.add(`LOWBIT_FAKE_${name}`);
    process.env[`LOWBIT_FAKE_${name}`] = value;
  }

  /** Status `status` from the n-th call of a driver's function on. */
  fail(symbol: string, status: number, call = 1): void {
    this.set("FAIL", `${symbol}=${status}@${call}`);
  }

  counts(): Counts {
    const { buffer, byteOffset } = Buffer.from(readFileSync(this.#state));
    const values = new BigInt64Array(buffer.slice(byteOffset, byteOffset + 8 * counters.length));
    return Object.fromEntries(counters.map((name, i) => [name, Number(values[i])])) as Counts;
  }

  /** What ran since the beginning of the test, or since the last call. */
  ran(): Ran[] {
    const lines = existsSync(this.#log) ? readFileSync(this.#log, "utf8").trim().split("\n") : [];
    rmSync(this.#log, { force: true });
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Ran);
  }

  open(options: Parameters<typeof openCudaDevice>[0] = {}): CudaDevice {
    return openCudaDevice(options);
  }
}

/** What the driver takes for a fatbin: a header and nothing. */
export function fatbin(bytes = 8): Uint8Array {
  const image = new Uint8Array(16 + bytes);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0xba55ed50, true);
  view.setUint16(4, 1, true);
  view.setUint16(6, 16, true);
  view.setBigUint64(8, BigInt(bytes), true);
  return image;
}

const image = fatbin();

/** A generated optimizer with kernels that the fake driver loads. */
export function withFatbin(descriptor: OptimizerDescriptor, compiled: URL | Uint8Array = image) {
  const { cuda } = descriptor.modules;
  if (cuda === undefined) throw new Error(`${descriptor.name} has no CUDA module`);
  const kernels = Object.fromEntries(
    Object.entries(cuda.kernels).map(([name, kernel]) => [name, { ...kernel, image: compiled }]),
  );
  return { ...descriptor, modules: { ...descriptor.modules, cuda: { kernels } } };
}

export function optimizer(
  descriptor: OptimizerDescriptor,
  device: CudaDevice,
  params: Readonly<Record<string, ParameterInput>>,
  options?: OptimizerOptions<string>,
): LowbitOptimizer<string> {
  return new LowbitOptimizer<string>(withFatbin(descriptor), device, params, options);
}
