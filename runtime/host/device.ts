import { hostArray } from "../arrays.js";
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

  /** Zeros for an array of the optimizer's own. */
  zeros(type: TypeName, length: number): HostData {
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
