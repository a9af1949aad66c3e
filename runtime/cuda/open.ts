import { LowbitError } from "../errors.js";
import { loadAddon } from "../native/addon.js";
import type { NativeFailure } from "../native/cuda.js";
import { CudaDevice, type CudaOptions } from "./device.js";
import { Failures, spell, spellVersion } from "./failures.js";
import { Gpu } from "./gpu.js";

/** What every driver from R470 on has. */
const NEEDED = "R470 (CUDA 11.4)";
const OTHERS = 'openDevice("webgpu") and openDevice("typescript") run without.';

/**
 * Opens a GPU through the driver, in the primary context that other libraries of the process share.
 *
 * @throws {LowbitError} `no-native`, `broken-native` or `stale-native` where the addon is missing or does not fit;
 * `no-cuda` where there is no driver or no such GPU; `old-driver`; `wrong-option`
 */
export function openCudaDevice(options: CudaOptions = {}): CudaDevice {
  const { ordinal = 0, stream } = options;
  if (!Number.isSafeInteger(ordinal) || ordinal < 0)
    throw new LowbitError("wrong-option", `ordinal is ${ordinal}: give the GPU's number, from 0`);
  const { cuda } = loadAddon();
  const failures = new Failures();
  const library = driverLibrary();
  const gpu = failures.guard(
    "opening it",
    () => {
      const context = cuda.open(library, ordinal);
      return new Gpu(cuda, context, cuda.createStream(context, stream), failures);
    },
    (failure) => explainOpening(failure, ordinal),
  );
  return new CudaDevice(gpu, options);
}

function driverLibrary(): string {
  const { env } = (globalThis as { process?: Partial<NodeJS.Process> }).process ?? {};
  return env?.LOWBIT_CUDA_DRIVER ?? "libcuda.so.1";
}

function explainOpening(failure: NativeFailure, ordinal: number): LowbitError | undefined {
  const options = { cause: failure };
  const none = (text: string): LowbitError => new LowbitError("no-cuda", `${text} ${OTHERS}`, options);
  switch (failure.failure) {
    case "no-library":
      return none(
        `there is no NVIDIA driver here (${failure.detail}): install it, or pass the GPU into the container ` +
          "(docker run --gpus all).",
      );
    case "no-ordinal":
      return none(
        `there is no GPU ${ordinal}: the driver counts ${failure.subject}, from 0 (CUDA_VISIBLE_DEVICES decides which).`,
      );
    case "CUDA_ERROR_NO_DEVICE":
      return none(
        "the NVIDIA driver finds no GPU: see what nvidia-smi lists and CUDA_VISIBLE_DEVICES hides.",
      );
    case "no-symbol":
      return new LowbitError(
        "old-driver",
        `the NVIDIA driver is too old: it ${failure.version === 0 ? "" : `is of CUDA ${spellVersion(failure.version)} and `}` +
          `has no ${failure.subject}, ${NEEDED} or later is needed: update the driver. ${OTHERS}`,
        options,
      );
    case "CUDA_ERROR_OUT_OF_MEMORY":
      return undefined;
    default:
      return new LowbitError(
        "broken-driver",
        `the NVIDIA driver does not start: ${spell(failure)}: see whether nvidia-smi works. ${OTHERS}`,
        options,
      );
  }
}
