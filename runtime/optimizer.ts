import { className } from "./arrays.js";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.js";
import type { Dtype, OptimizerDescriptor, UniformValues } from "./descriptor.js";
import type { Device, DeviceArray, HostData, Launcher } from "./device.js";
import { LowbitError } from "./errors.js";
import { collectGradients, type Expected, type Gradients } from "./gradients.js";
import { changeGroups, type Group, type GroupOptions, resolveGroups } from "./groups.js";
import type { ParameterValues } from "./half.js";
import {
  changeHypers,
  checkSeed,
  defaultHypers,
  type HyperValues,
  type OwnHypers,
  stepUniforms,
} from "./hypers.js";
import { didYouMean, quote } from "./names.js";
import { acceptParameters, type Parameter, type ParameterInput } from "./parameters.js";
import { type Allocation, allocateTensors, type Tensor } from "./tensors.js";

export type Hypers<Hyper extends string> = Readonly<Partial<Record<Hyper, number>>>;

/** Hyperparameters, and what else an optimizer is made with. */
export type OptimizerOptions<Hyper extends string> = OwnHypers<Hyper> & {
  /** Of stochastic rounding: a whole number from 0 to 2^53 - 1, default 0. */
  readonly seed?: number;
  /** Dtype of the gradients; by default each parameter's own, or else the first that the spec lists for it. */
  readonly grad?: Dtype;
  /** By name: parameters with hyperparameters of their own, or with their states kept otherwise. */
  readonly groups?: Readonly<Record<string, GroupOptions<Hyper>>>;
};

/** Changes from a step on: for all parameters whose group has no value of its own, and for groups by name. */
export type StepHypers<Hyper extends string> = OwnHypers<Hyper> & {
  readonly groups?: Readonly<Record<string, Hypers<Hyper>>>;
};

/** A parameter group as it is now. */
export interface ParameterGroup<Hyper extends string> {
  readonly params: readonly string[];
  /** Values in force, the optimizer's own where the group has none; null is a schedule that follows its formula. */
  readonly hypers: Readonly<Record<Hyper, number | null>>;
}

/**
 * What all generated optimizers share. A wrong call throws a `LowbitError` before anything has changed.
 *
 * On the cpu and typescript devices the caller's own arrays are updated in place; other devices copy them
 * at construction, and `readParams` brings them back.
 */
export class LowbitOptimizer<Hyper extends string, Values extends ParameterValues = Float32Array> {
  /** By name, as given. */
  readonly params: Readonly<Record<string, Parameter<Values>>>;
  /**
   * Arrays that kernels read gradients from: write into these and pass them to `step` to save a copy. This very record,
   * which is frozen, costs `step` the same however many there are.
   */
  readonly grads: Readonly<Record<string, DeviceArray>>;
  /** Bytes on the device for all states, with scales and everything kept between steps; no parameters, no gradients. */
  readonly stateBytes: number;
  readonly device: Device;
  readonly #descriptor: OptimizerDescriptor;
  readonly #allocation: Allocation;
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #launcher: Launcher;
  readonly #gradients: readonly Expected[];
  readonly #gradTargets: readonly DeviceArray[];
  readonly #gradOwners: ReadonlyMap<unknown, string>;
  /** Filled anew by every step. */
  readonly #gradSources: (HostData | DeviceArray)[] = [];
  #groups: readonly Group[];
  #hypers: HyperValues;
  #seed: number;
  #t = 0;
  #disposed = false;

  /**
   * @param params by name: values, values with a shape, or parameters of another optimizer on the same device
   * @throws {LowbitError} for wrong options or parameters, and where a tensor does not fit the device
   */
  constructor(
    descriptor: OptimizerDescriptor,
    device: Device,
    params: Readonly<Record<string, ParameterInput>>,
    options?: OptimizerOptions<Hyper>,
  ) {
    refuseNoDevice(device);
    const { seed = 0, grad, groups = {}, ...hypers } = options ?? {};
    this.#seed = checkSeed(seed);
    this.#hypers = changeHypers(descriptor, defaultHypers(descriptor), hypers);
    this.#descriptor = descriptor;
    this.device = device;
    const accepted = acceptParameters(device, params);
    const names = accepted.map(({ name }) => name);
    this.#groups = resolveGroups(descriptor, names, grad, groups);
    this.#allocation = allocateTensors(device, descriptor, accepted, this.#groups);
    const { tensors, groups: work, held, stateBytes } = this.#allocation;
    try {
      this.#launcher = device.createLauncher(descriptor, work);
    } catch (error) {
      for (const array of held) array.release();
      throw error;
    }
    this.stateBytes = stateBytes;
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.#gradients = tensors.map(({ name, length, grad, arrays }) => ({
      name,
      length,
      grad,
      own: arrays.g!,
    }));
    this.#gradTargets = this.#gradients.map(({ own }) => own);
    this.#gradOwners = new Map(this.#gradients.map(({ name, own }) => [own, name]));
    this.params = Object.fromEntries(tensors.map((tensor) => [tensor.name, this.#parameter(tensor)]));
    this.grads = Object.freeze(Object.fromEntries(this.#gradients.map(({ name, own }) => [name, own])));
  }

  /** Steps taken. */
  get t(): number {
    return this.#t;
  }

  get seed(): number {
    return this.#seed;
  }

  /** Values in force where no group has its own; null is a schedule that follows its formula. */
  get hypers(): Readonly<Record<Hyper, number | null>> {
    return { ...this.#hypers } as Record<Hyper, number | null>;
  }

  /** The parameter groups, by name. */
  get groups(): Readonly<Record<string, ParameterGroup<Hyper>>> {
    const named = this.#groups.flatMap(({ name, params, hypers }) => {
      const inForce = { ...this.#hypers, ...hypers } as Record<Hyper, number | null>;
      return name === null ? [] : [[name, { params, hypers: inForce }] as const];
    });
    return Object.fromEntries(named);
  }

  /** Name of the variant that keeps this parameter: small tensors may be kept in 32 bits. */
  variantOf(name: string): string {
    return this.#tensor(name).variant.name;
  }

  /**
   * Enqueues one step. Host gradients may be reused as soon as the call returns.
   *
   * @param grads one for every parameter, by name
   * @param changes of hyperparameters, in force from this step on
   */
  step(grads: Gradients, changes?: StepHypers<Hyper>): void {
    this.#refuseDisposed();
    const { groups, hypers } = this.#changed(changes ?? {});
    const uniforms = groups.map((group): UniformValues => {
      if (group.params.length === 0) return {};
      return stepUniforms(this.#descriptor, { ...hypers, ...group.hypers }, this.#t + 1, this.#seed);
    });
    this.#feed(grads);
    this.#launcher.step(uniforms);
    this.#hypers = hypers;
    this.#groups = groups;
    this.#t++;
  }

  /** Copies of all parameters, by name, each of the dtype that it was given in. */
  async readParams(): Promise<Record<string, Values>> {
    this.#refuseDisposed();
    const { tensors } = this.#allocation;
    const values = await this.device.read(tensors.map(({ arrays }) => arrays.p!));
    return Object.fromEntries(
      tensors.map((tensor, i) => [tensor.name, valuesOf<Values>(tensor, values[i]!)]),
    );
  }

  /** Copies of a parameter's states as they are stored: `<state>`, or `<state>_codes`, `<state>_scale` and, of a log mapping, `<state>_alpha`. */
  async state(name: string): Promise<Record<string, HostData>> {
    const { states, arrays } = this.#tensor(name);
    const values = await this.device.read(states.map((state) => arrays[state.name]!));
    return Object.fromEntries(states.map((state, i) => [state.name, values[i]!]));
  }

  /** Progress and all states at the time of the call, as a safetensors file; the parameters are not in it. */
  async stateDict(): Promise<Uint8Array> {
    this.#refuseDisposed();
    const progress = { step: this.#t, seed: this.#seed, hypers: this.#hypers, groups: this.#groups };
    const data = await this.device.read(this.#stateArrays());
    return encodeCheckpoint(this.#descriptor, progress, this.#allocation.tensors, data);
  }

  /**
   * Restores what `stateDict` saved: states, step, seed and hyperparameters. With the same parameters and gradients,
   * the run then continues bit for bit.
   *
   * @throws {LowbitError} where the file is damaged or another's; nothing has changed then
   */
  async loadStateDict(file: Uint8Array): Promise<void> {
    this.#refuseDisposed();
    const { progress, data } = decodeCheckpoint(
      file,
      this.#descriptor,
      this.#allocation.tensors,
      this.#groups,
    );
    this.#stateArrays().forEach((array, i) => {
      array.write(data[i]!);
    });
    this.#t = progress.step;
    this.#seed = progress.seed;
    this.#hypers = progress.hypers;
    this.#groups = progress.groups;
    await this.device.synchronize();
  }

  /** Frees what the optimizer holds on the device. The caller's arrays and the device stay. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#launcher.dispose();
    for (const array of this.#allocation.held) array.release();
  }

  #feed(grads: Gradients): void {
    // Nothing to bring, and nothing in it can have changed; a device that is of no use any more still says so.
    if (grads === this.grads) this.device.feed([], []);
    else {
      collectGradients(this.device, this.#gradients, this.#gradOwners, grads, this.#gradSources);
      this.device.feed(this.#gradTargets, this.#gradSources);
    }
  }

  #changed(changes: object): { readonly hypers: HyperValues; readonly groups: readonly Group[] } {
    const isNamed = className(changes) === "Object";
    const { groups, ...own } = (isNamed ? changes : {}) as { readonly groups?: unknown };
    const hypers = changeHypers(this.#descriptor, this.#hypers, isNamed ? own : changes);
    return { hypers, groups: changeGroups(this.#descriptor, this.#groups, groups) };
  }

  #parameter(tensor: Tensor): Parameter<Values> {
    const { shape, length, dtype } = tensor;
    const array = tensor.arrays.p!;
    const read = async (): Promise<Values> => {
      this.#refuseDisposed();
      return valuesOf<Values>(tensor, await array.read());
    };
    return { shape, length, dtype, array, read };
  }

  #stateArrays(): DeviceArray[] {
    return this.#allocation.tensors.flatMap(({ states, arrays }) => states.map(({ name }) => arrays[name]!));
  }

  #tensor(name: string): Tensor {
    this.#refuseDisposed();
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      const known = [...this.#tensors.keys()];
      throw new LowbitError(
        "unknown-parameter",
        `there is no parameter ${quote(name)}${didYouMean(name, known)}`,
      );
    }
    return tensor;
  }

  #refuseDisposed(): void {
    if (this.#disposed)
      throw new LowbitError("disposed", `this ${this.#descriptor.name} was disposed: make another`);
  }
}

/** The dtype of a parameter decides what it is read as. */
function valuesOf<Values extends ParameterValues>({ dtype, shape }: Tensor, data: HostData): Values {
  const values = dtype === "f32" ? (data as Float32Array) : { data: data as Uint16Array, dtype, shape };
  return values as Values;
}

function refuseNoDevice(device: unknown): void {
  if (typeof (device as Partial<Device> | null)?.createArrays !== "function")
    throw new LowbitError(
      "wrong-device",
      `the device is ${className(device)}: pass what \`await openDevice()\` gives`,
    );
}
