import { checkCopy, checkWrite, isHalf } from "../arrays.js";
import type { TypeName } from "../descriptor.js";
import type { Device, DeviceArray, HostData, Role } from "../device.js";
import { LowbitError } from "../errors.js";
import { ALIGNMENT, type Gpu, type Transfer, Transfers } from "./gpu.js";
import { Place, type Storage } from "./storage.js";

/** An array on a GPU. One for gradients may read from another array's memory for a while, which saves the copy. */
export class CudaArray implements DeviceArray {
  readonly device: Device;
  readonly role: Role;
  readonly type: TypeName;
  readonly length: number;
  readonly byteOffset: number;
  readonly #gpu: Gpu;
  readonly #own: Place;
  #lent: Place | null = null;
  #holders = 1;

  constructor(
    device: Device,
    gpu: Gpu,
    { role, type, length }: { readonly role: Role; readonly type: TypeName; readonly length: number },
    storage: Storage,
    byteOffset: number,
  ) {
    this.device = device;
    this.role = role;
    this.type = type;
    this.length = length;
    this.byteOffset = byteOffset;
    this.#gpu = gpu;
    this.#own = new Place(storage, byteOffset);
    storage.hold();
  }

  /** Address of the first element, a multiple of 16 bytes: for kernels of the caller's own. */
  get pointer(): bigint {
    this.refuseReleased();
    return this.#own.address;
  }

  /** Where kernels find the values at present. */
  get address(): bigint {
    this.refuseReleased();
    return (this.#lent ?? this.#own).address;
  }

  /** What its offset counts from. */
  get buffer(): Storage {
    return this.#own.storage;
  }

  get bytes(): number {
    return this.length * (isHalf(this.type) ? 2 : 4);
  }

  /** Bytes that may be overwritten: with the padding behind it, where there is any. */
  get extent(): number {
    return this.#own.storage.isPadded ? Math.ceil(this.bytes / ALIGNMENT) * ALIGNMENT : this.bytes;
  }

  /** Its own memory and the host's, for a transfer of all of it. */
  transfer(host: HostData): Transfer {
    return { address: this.pointer, extent: this.extent, host };
  }

  /** The same, from where the values are at present. */
  source(host: HostData): Transfer {
    if (this.#lent === null) return this.transfer(host);
    return { address: this.address, extent: this.bytes, host };
  }

  /** Reads from now on what `other` reads at present; lent to itself it stays as it is. */
  lend(other: CudaArray): void {
    this.refuseReleased();
    other.refuseReleased();
    const place = other.#lent ?? other.#own;
    if (place === this.#own) this.reclaim();
    if (place === this.#own || place === this.#lent) return;
    // First, so that nothing is freed that both share.
    place.storage.hold();
    this.reclaim();
    this.#lent = place;
    this.#own.storage.moves++;
  }

  /** Ends a loan; its own memory has the values that it had. */
  reclaim(): void {
    if (this.#lent === null) return;
    this.#lent.storage.release();
    this.#lent = null;
    this.#own.storage.moves++;
  }

  write(source: HostData, offset = 0): void {
    this.refuseReleased();
    checkWrite(this, source, offset);
    if (source.length < this.length) this.#settle();
    else this.reclaim();
    if (source.length === 0) return;
    const address = this.pointer + BigInt(offset * source.BYTES_PER_ELEMENT);
    this.#gpu.upload(Transfers.of([{ address, extent: source.byteLength, host: source }]));
  }

  copyFrom(other: DeviceArray): void {
    this.refuseReleased();
    checkCopy(this, other);
    const { address: from } = other as CudaArray;
    if (this.bytes > 0 && from !== this.pointer) this.#gpu.copy(this.pointer, from, this.bytes);
    this.reclaim();
  }

  async read(): Promise<HostData> {
    const [data] = await this.device.read([this]);
    return data!;
  }

  retain(): void {
    this.refuseReleased();
    this.#holders++;
  }

  release(): void {
    this.refuseReleased();
    this.#holders--;
    if (this.#holders > 0) return;
    this.reclaim();
    this.#own.storage.moves++;
    this.#own.storage.release();
  }

  /** Ends a loan and keeps its values, for what is overwritten in part. */
  #settle(): void {
    if (this.#lent !== null && this.bytes > 0) this.#gpu.copy(this.pointer, this.address, this.bytes);
    this.reclaim();
  }

  /** @throws {LowbitError} `disposed` */
  refuseReleased(): void {
    if (this.#holders === 0)
      throw new LowbitError("disposed", "the array was freed with the optimizer that it belonged to");
  }
}
