import { checkCopy, checkWrite } from "../arrays.js";
import type { TypeName } from "../descriptor.js";
import type { Device, DeviceArray, HostData, Role } from "../device.js";
import { LowbitError } from "../errors.js";
import type { Transfers } from "./transfers.js";

/** Bytes. Neighbouring spans keep their distance, so that they can be cleared and copied as one. */
export const ALIGNMENT = 16;

/** One buffer that holds arrays of one role; freed with its last array. */
export class Arena {
  readonly buffer: GPUBuffer;
  #holders = 0;

  constructor(buffer: GPUBuffer) {
    this.buffer = buffer;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.buffer.destroy();
  }
}

export class WebGpuArray implements DeviceArray {
  readonly device: Device;
  readonly role: Role;
  readonly type: TypeName;
  readonly length: number;
  /** Position in `buffer`, a multiple of 16 bytes. */
  readonly byteOffset: number;
  readonly #arena: Arena;
  readonly #transfers: Transfers;
  #holders = 1;

  constructor(
    device: Device,
    transfers: Transfers,
    { role, type, length }: { role: Role; type: TypeName; length: number },
    arena: Arena,
    byteOffset: number,
  ) {
    this.device = device;
    this.role = role;
    this.type = type;
    this.length = length;
    this.byteOffset = byteOffset;
    this.#arena = arena;
    this.#transfers = transfers;
    arena.hold();
  }

  /** Usable as storage, copy source and copy target: for kernels of the caller's own. */
  get buffer(): GPUBuffer {
    this.#refuseReleased();
    return this.#arena.buffer;
  }

  write(source: HostData, offset = 0): void {
    this.#refuseReleased();
    checkWrite(this, source, offset);
    this.#transfers.write(this, source, offset);
  }

  copyFrom(other: DeviceArray): void {
    this.#refuseReleased();
    checkCopy(this, other);
    this.#transfers.copy(this, other as WebGpuArray);
  }

  async read(): Promise<HostData> {
    const [data] = await this.device.read([this]);
    return data!;
  }

  retain(): void {
    this.#refuseReleased();
    this.#holders++;
  }

  release(): void {
    this.#refuseReleased();
    this.#holders--;
    if (this.#holders === 0) this.#arena.release();
  }

  #refuseReleased(): void {
    if (this.#holders === 0)
      throw new LowbitError("disposed", "the array was freed with the optimizer that it belonged to");
  }
}
