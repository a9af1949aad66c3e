import { type HostDataOf, hostArray, hostTypes } from "../arrays.js";
import type { OptimizerDescriptor, TypeName } from "../descriptor.js";
import type {
  ArrayRequest,
  Device,
  DeviceArray,
  DeviceKind,
  HostData,
  Launcher,
  LaunchGroup,
} from "../device.js";
import { LowbitError } from "../errors.js";
import { HostArray } from "./array.js";

/** A device that works on arrays in host memory, in place. Everything it enqueues has run when the call returns. */
export abstract class HostDevice implements Device {
  abstract readonly kind: DeviceKind;
  abstract readonly description: string;
  #disposed = false;

  protected abstract launcher(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]): Launcher;

  /**
   * An array of zeros where this device reads and writes fastest, f32[length] as a Float32Array, u32 as a Uint32Array, bf16
   * and f16 as a Uint16Array: for parameters, which steps then update in place, and for gradients. Any other array does as
   * well, if not as fast.
   *
   * @param length elements
   * @throws {LowbitError} `wrong-type`, `wrong-length`, `out-of-memory`
   */
  zeros<Type extends TypeName>(type: Type, length: number): HostDataOf<Type> {
    this.#refuseDisposed();
    if (!Object.hasOwn(hostTypes, type))
      throw new LowbitError(
        "wrong-type",
        `there are no arrays of type ${JSON.stringify(type)}: name ${Object.keys(hostTypes).join(", ")}`,
      );
    if (!Number.isSafeInteger(length) || length < 0)
      throw new LowbitError(
        "wrong-length",
        `an array of ${length} elements cannot be: give a whole number from 0`,
      );
    return this.allocate(type, length);
  }

  protected allocate<Type extends TypeName>(type: Type, length: number): HostDataOf<Type> {
    return hostArray(type, length);
  }

  createArrays(requests: readonly ArrayRequest[]): DeviceArray[] {
    this.#refuseDisposed();
    return requests.map((request) => new HostArray(this, request));
  }

  feed(targets: readonly DeviceArray[], sources: readonly (HostData | DeviceArray)[]): void {
    targets.forEach((target, i) => {
      const source = sources[i]!;
      if (source === target) return;
      (target as HostArray).lend(source instanceof HostArray ? source.data : (source as HostData));
    });
  }

  async read(arrays: readonly DeviceArray[]): Promise<HostData[]> {
    this.#refuseDisposed();
    return arrays.map((array) => (array as HostArray).data.slice());
  }

  createLauncher(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]): Launcher {
    this.#refuseDisposed();
    return this.launcher(descriptor, work);
  }

  owns(value: unknown): value is DeviceArray {
    return value instanceof HostArray && value.device === this;
  }

  async synchronize(): Promise<void> {
    this.#refuseDisposed();
  }

  dispose(): void {
    this.#disposed = true;
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw new LowbitError("disposed", "the device was disposed: open another");
  }
}
