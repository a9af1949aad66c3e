import type { HostDataOf } from "../arrays.js";
import type { OptimizerDescriptor, TypeName } from "../descriptor.js";
import type { Launcher, LaunchGroup } from "../device.js";
import { LowbitError } from "../errors.js";
import { HostDevice } from "../host/device.js";
import { loadAddon } from "../native/addon.js";
import type { NativeCpu, NativePool } from "../native/cpu.js";
import { CpuLauncher } from "./launcher.js";
import { alignedZeros } from "./memory.js";

export interface CpuOptions {
  /** Threads that share the work of a step; as many as the machine runs at once where it is left out. */
  readonly threads?: number;
  /** Instruction set of the kernels, one of those that the processor has; the best where it is left out. */
  readonly instructions?: string;
}

/** Runs the compiled C++ kernels on the processor's cores. */
export class CpuDevice extends HostDevice {
  readonly kind = "cpu";
  readonly description: string;
  /** That its kernels may be compiled for, the best first. */
  readonly instructions: readonly string[];
  readonly #native: NativeCpu;
  readonly #pool: NativePool;

  /** @throws {LowbitError} `no-native`, `broken-native`, `stale-native`, `wrong-option` */
  constructor({ threads, instructions }: CpuOptions = {}) {
    super();
    const { cpu } = loadAddon();
    const count = threads ?? cpu.hardwareThreads;
    if (!Number.isInteger(count) || count < 1 || count > MOST_THREADS)
      throw new LowbitError(
        "wrong-option",
        `threads is a whole number from 1 to ${MOST_THREADS}, not ${count}`,
      );
    const known = cpu.instructionSets;
    if (instructions !== undefined && !known.includes(instructions))
      throw new LowbitError(
        "wrong-option",
        `this processor has no instruction set ${JSON.stringify(instructions)}: it has ${known.join(", ")}`,
      );
    this.#native = cpu;
    this.#pool = cpu.createPool(count);
    this.instructions = instructions === undefined ? known : [instructions];
    this.description = `${count} ${count === 1 ? "thread" : "threads"}, ${this.instructions[0]}`;
  }

  protected override allocate<Type extends TypeName>(type: Type, length: number): HostDataOf<Type> {
    return alignedZeros(this.#native, type, length);
  }

  protected launcher(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]): Launcher {
    return new CpuLauncher({ cpu: this.#native, pool: this.#pool }, descriptor, work, this.instructions);
  }
}

const MOST_THREADS = 1024;
