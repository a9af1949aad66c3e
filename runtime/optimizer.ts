import { className } from "./arrays.js";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.js";
import type { OptimizerDescriptor } from "./descriptor.js";
import type { Device, DeviceArray, HostData, Launcher } from "./device.js";
import { LowbitError } from "./errors.js";
import { collectGradients, type Gradients } from "./gradients.js";
import { changeHypers, checkSeed, defaultHypers, type HyperValues, stepUniforms } from "./hypers.js";
import { didYouMean, quote } from "./names.js";
import { acceptParameters, type Parameter, type ParameterInput } from "./parameters.js";
import { type Allocation, allocateTensors, type Tensor } from "./tensors.js";

export type Hypers<Hyper extends string> = Readonly<Partial<Record<Hyper, number>>>;

/** Hyperparameters, and the seed of stochastic rounding: a whole number from 0 to 2^53 - 1, default 0. */
export type OptimizerOptions<Hyper extends string> = Hypers<Hyper> & { readonly seed?: number };

/**
 * What all generated optimizers share. A wrong call throws a `LowbitError` before anything has changed.
 *
 * On the typescript device the caller's own `Float32Array`s are updated in place; other devices copy them
 * at construction, and `readParams` brings them back.
 */
export class LowbitOptimizer<Hyper extends string> {
  /** By name, as given. */
  readonly params: Readonly<Record<string, Parameter>>;
  /** Arrays that kernels read gradients from: write into these and pass them to `step` to save a copy. */
  readonly grads: Readonly<Record<string, DeviceArray>>;
  /** Bytes on the device for all states, with scales and everything kept between steps; no parameters, no gradients. */
  readonly stateBytes: number;
  readonly device: Device;
  readonly #descriptor: OptimizerDescriptor;
  readonly #allocation: Allocation;
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #launcher: Launcher;
  readonly #gradTargets: readonly DeviceArray[];
  readonly #gradOwners: ReadonlyMap<unknown, string>;
  /** Filled anew by every step. */
  readonly #gradSources: (Float32Array | DeviceArray)[] = [];
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
    const { seed = 0, ...hypers } = options ?? {};
    this.#seed = checkSeed(seed);
    this.#hypers = changeHypers(descriptor, defaultHypers(descriptor), hypers);
    this.#descriptor = descriptor;
    this.device = device;
    this.#allocation = allocateTensors(device, descriptor, acceptParameters(device, params));
    const { tensors, groups, held, stateBytes } = this.#allocation;
    try {
      this.#launcher = device.createLauncher(descriptor, groups);
    } catch (error) {
      for (const array of held) array.release();
      throw error;
    }
    this.stateBytes = stateBytes;
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.#gradTargets = tensors.map(({ arrays }) => arrays.g!);
    this.#gradOwners = new Map(tensors.map(({ name, arrays }) => [arrays.g, name]));
    this.params = Object.fromEntries(tensors.map((tensor) => [tensor.name, this.#parameter(tensor)]));
    this.grads = Object.fromEntries(tensors.map(({ name, arrays }) => [name, arrays.g!]));
  }

  /** Steps taken. */
  get t(): number {
    return this.#t;
  }

  get seed(): number {
    return this.#seed;
  }

  /** Values in force; null is a schedule that follows its formula. */
  get hypers(): Readonly<Record<Hyper, number | null>> {
    return { ...this.#hypers } as Record<Hyper, number | null>;
  }

  /** Name of the variant that keeps this parameter: small tensors may be kept in 32 bits. */
  variantOf(name: string): string {
    return this.#tensor(name).variant.name;
  }

  /**
   * Enqueues one step. Host gradients may be reused as soon as the call returns.
   *
   * @param grads one for every parameter, by name
   * @param hypers changes, in force from this step on
   */
  step(grads: Gradients, hypers?: Hypers<Hyper>): void {
    this.#refuseDisposed();
    const changed = changeHypers(this.#descriptor, this.#hypers, hypers ?? {});
    const uniforms = stepUniforms(this.#descriptor, changed, this.#t + 1, this.#seed);
    collectGradients(this.device, this.#allocation.tensors, this.#gradOwners, grads, this.#gradSources);
    this.device.feed(this.#gradTargets, this.#gradSources);
    this.#launcher.step(uniforms);
    this.#hypers = changed;
    this.#t++;
  }

  /** Copies of all parameters, by name. */
  async readParams(): Promise<Record<string, Float32Array>> {
    this.#refuseDisposed();
    const { tensors } = this.#allocation;
    const values = (await this.device.read(tensors.map(({ arrays }) => arrays.p!))) as Float32Array[];
    return Object.fromEntries(tensors.map(({ name }, i) => [name, values[i]!]));
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
    const progress = { step: this.#t, seed: this.#seed, hypers: this.#hypers };
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
    const { progress, data } = decodeCheckpoint(file, this.#descriptor, this.#allocation.tensors);
    this.#stateArrays().forEach((array, i) => {
      array.write(data[i]!);
    });
    this.#t = progress.step;
    this.#seed = progress.seed;
    this.#hypers = progress.hypers;
    await this.device.synchronize();
  }

  /** Frees what the optimizer holds on the device. The caller's arrays and the device stay. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#launcher.dispose();
    for (const array of this.#allocation.held) array.release();
  }

  #parameter({ shape, length, arrays }: Tensor): Parameter {
    const array = arrays.p!;
    const read = async (): Promise<Float32Array> => {
      this.#refuseDisposed();
      return (await array.read()) as Float32Array;
    };
    return { shape, length, array, read };
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

function refuseNoDevice(device: unknown): void {
  if (typeof (device as Partial<Device> | null)?.createArrays !== "function")
    throw new LowbitError(
      "wrong-device",
      `the device is ${className(device)}: pass what \`await openDevice()\` gives`,
    );
}
