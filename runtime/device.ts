/** What an optimizer needs of a device; one folder beside this file implements it for each device API. */
import type {
  KernelModules,
  OptimizerDescriptor,
  TypeName,
  UniformValues,
  VariantDescriptor,
} from "./descriptor.js";

import type { Geometry } from "./geometry.js";

export type DeviceKind = keyof KernelModules;
export type HostData = Float32Array | Uint32Array | Uint16Array;

/** Parameters, gradients, what the optimizer keeps, and what passes leave for later ones. */
export type Role = "p" | "g" | "state" | "next";

export interface Device {
  readonly kind: DeviceKind;
  /** Name of the adapter, with "(software)" where no GPU stands behind it. */
  readonly description: string;
  /**
   * Arrays of zeros, or of `source`. Arrays of one call share as few arenas as the device's limits allow; arrays
   * of one role and tensor share one, and stand in an arena in the order of the requests.
   *
   * @throws {LowbitError} `too-large`: one tensor's arrays of one role exceed what a kernel can address
   */
  createArrays(requests: readonly ArrayRequest[]): DeviceArray[];
  /**
   * Gives `targets[i]` the values of `sources[i]` for the steps that follow. A device that works in host memory
   * keeps the source itself instead of a copy, until the target is written or fed again.
   */
  feed(targets: readonly DeviceArray[], sources: readonly (HostData | DeviceArray)[]): void;
  /** The values at the time of the call, whatever is enqueued afterwards. */
  read(arrays: readonly DeviceArray[]): Promise<HostData[]>;
  /** @throws {LowbitError} `no-kernels`: the package was generated without this device's kernels */
  createLauncher(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]): Launcher;
  /** True for an array of this very device. */
  owns(value: unknown): value is DeviceArray;
  /**
   * Resolves once everything enqueued so far has run.
   *
   * @throws {LowbitError} what the device has reported since it was opened
   */
  synchronize(): Promise<void>;
  /** Frees the device with all its arrays. */
  dispose(): void;
}

export interface ArrayRequest {
  readonly role: Role;
  readonly type: TypeName;
  /** Elements of the type's size. */
  readonly length: number;
  readonly tensor: string;
  /** First contents. A device that works in host memory takes it as the storage itself. */
  readonly source?: Float32Array | Uint16Array;
}

export interface DeviceArray {
  readonly device: Device;
  readonly role: Role;
  readonly type: TypeName;
  readonly length: number;
  /**
   * Overwrites `source.length` elements from `offset` (in elements). Elements of 16 bits are written in pairs.
   *
   * @throws {LowbitError} `wrong-type`, `wrong-length`
   */
  write(source: HostData, offset?: number): void;
  /** A copy of the values at the time of the call. */
  read(): Promise<HostData>;
  /** @throws {LowbitError} `wrong-device`, `wrong-type`, `wrong-length` */
  copyFrom(other: DeviceArray): void;
  /** Keeps the storage until one more `release`. An array starts with one holder. */
  retain(): void;
  release(): void;
}

/** Tensors that one launch a pass updates: of one variant, the same dtypes and the same settings. */
export interface LaunchGroup {
  readonly variant: VariantDescriptor;
  /** Of the kernels' names: the dtypes of parameters and gradients. */
  readonly suffix: string;
  /** Which of a step's uniform values are theirs. */
  readonly settings: number;
  readonly tensors: readonly LaunchTensor[];
}

export interface LaunchTensor extends Geometry {
  readonly name: string;
  readonly id: number;
  /** By the names that kernels use: p, g, `<state>`, `<state>_codes`, `<state>_scale`, `<state>_alpha`, `<state>_next`. */
  readonly arrays: Readonly<Record<string, DeviceArray>>;
}

export interface Launcher {
  /**
   * Enqueues one step: for every pass of every launch group, zeroes the arrays of its `clears`, launches, then copies
   * those of its `publishes`.
   *
   * @param uniforms by the settings of the launch groups
   */
  step(uniforms: readonly UniformValues[]): void;
  dispose(): void;
}
