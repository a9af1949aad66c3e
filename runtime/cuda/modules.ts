/** Loads compiled kernels, each module once a device. */
import type { CudaKernel, CudaModule } from "../descriptor.js";
import { LowbitError } from "../errors.js";
import { kernelNamed } from "../modules.js";
import type { KernelFacts, KernelHandle, ModuleHandle, NativeFailure } from "../native/cuda.js";
import { spell, spellVersion } from "./failures.js";
import type { Gpu } from "./gpu.js";

export interface LoadedKernel extends CudaKernel {
  readonly handle: KernelHandle;
  readonly facts: KernelFacts;
}

/** What `lowbit-gen build` writes beside a fatbin. */
interface Stamp {
  /** SHA-256 of kernels.cu. */
  readonly source: string;
  readonly nvcc: string;
  readonly architectures: readonly string[];
}

export class Modules {
  readonly #gpu: Gpu;
  readonly #loaded = new Map<URL | Uint8Array, ModuleHandle>();
  /** Descriptors may be made as the program runs, and forgotten. */
  readonly #kernels = new WeakMap<CudaKernel, LoadedKernel>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * @param optimizer for messages
   * @throws {LowbitError} `not-compiled`, `wrong-architecture`, `old-driver`, `descriptor`
   */
  kernel(optimizer: string, { kernels }: CudaModule, name: string): LoadedKernel {
    const kernel = kernelNamed(kernels, name);
    const known = this.#kernels.get(kernel);
    if (known !== undefined) return known;
    const { driver, failures } = this.#gpu;
    const module = this.#module(optimizer, kernel.image);
    const handle = failures.guard(`looking for the kernel ${name} of ${optimizer}`, () =>
      driver.findKernel(module, name),
    );
    const facts = failures.guard(`asking about the kernel ${name} of ${optimizer}`, () =>
      driver.describeKernel(handle, kernel.threads),
    );
    const loaded = { ...kernel, handle, facts };
    this.#kernels.set(kernel, loaded);
    return loaded;
  }

  #module(optimizer: string, image: URL | Uint8Array): ModuleHandle {
    const known = this.#loaded.get(image);
    if (known !== undefined) return known;
    const { driver, context, failures } = this.#gpu;
    const bytes = image instanceof URL ? readImage(optimizer, image) : image;
    const module = failures.guard(
      `loading the kernels of ${optimizer}`,
      () => driver.loadModule(context, bytes),
      (failure) => this.#explain(optimizer, image, failure),
    );
    this.#loaded.set(image, module);
    return module;
  }

  #explain(optimizer: string, image: URL | Uint8Array, failure: NativeFailure): LowbitError | undefined {
    const { facts } = this.#gpu;
    const stamp = image instanceof URL ? readStamp(image) : undefined;
    const options = { cause: failure };
    const own = `sm_${facts.major}${facts.minor}`;
    const supported = spellVersion(facts.driverVersion);
    const isNewer = stamp !== undefined && Number.parseInt(stamp.nvcc, 10) > facts.driverVersion / 1000;
    switch (failure.failure) {
      case "CUDA_ERROR_NO_BINARY_FOR_GPU":
      case "CUDA_ERROR_UNSUPPORTED_PTX_VERSION":
      case "CUDA_ERROR_INVALID_IMAGE":
        if (isNewer || failure.failure === "CUDA_ERROR_UNSUPPORTED_PTX_VERSION")
          return new LowbitError(
            "old-driver",
            `the kernels of ${optimizer} were compiled by CUDA ${stamp?.nvcc ?? "of a newer version"}, and the driver is of CUDA ` +
              `${supported}: update the driver, or compile with an older nvcc`,
            options,
          );
        if (failure.failure === "CUDA_ERROR_INVALID_IMAGE") return undefined;
        return new LowbitError(
          "wrong-architecture",
          `the kernels of ${optimizer} were not compiled for this ${facts.name} (${own})` +
            `${stamp === undefined ? "" : `, but for ${stamp.architectures.join(", ")}`}: ` +
            `run \`lowbit-gen build --target cuda --arch ${own}\``,
          options,
        );
      case "no-fatbin":
        return new LowbitError(
          "not-compiled",
          `${image instanceof URL ? image.pathname : "the image"} is no whole fatbin: build ${optimizer} again`,
          options,
        );
      case "CUDA_ERROR_OUT_OF_MEMORY":
        return undefined;
      default:
        return new LowbitError(
          "kernel-load",
          `the kernels of ${optimizer} do not load: ${spell(failure)}`,
          options,
        );
    }
  }
}

/** Refuses what was compiled of another source than the one beside it: those would be another spec's kernels. */
function readImage(optimizer: string, image: URL): Uint8Array {
  const { existsSync, readFileSync } = nodeFiles();
  const source = new URL("kernels.cu", image);
  const compiledOf = readStamp(image)?.source;
  if (compiledOf !== undefined && existsSync(source)) {
    const hash = process.getBuiltinModule("node:crypto").createHash("sha256").update(readFileSync(source));
    if (hash.digest("hex") !== compiledOf)
      throw new LowbitError(
        "not-compiled",
        `${image.pathname} was compiled of another kernels.cu than the one beside it: build ${optimizer} again`,
      );
  }
  try {
    return readFileSync(image);
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ENOENT") throw cause;
    throw new LowbitError(
      "not-compiled",
      `the CUDA kernels of ${optimizer} are not compiled (there is no ${image.pathname}): run ` +
        "`lowbit-gen build SPEC --target cuda` where nvcc is, or open another device",
      { cause },
    );
  }
}

/** For messages; undefined where there is none. */
function readStamp(image: URL): Stamp | undefined {
  const { readFileSync } = nodeFiles();
  try {
    return JSON.parse(readFileSync(new URL(`${image.href}.json`), "utf8")) as Stamp;
  } catch {
    return undefined;
  }
}

/** Node's, without an import that a bundler for browsers would look for: this device runs in Node alone. */
function nodeFiles(): typeof import("node:fs") {
  return process.getBuiltinModule("node:fs");
}
