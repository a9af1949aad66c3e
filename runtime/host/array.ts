import { checkCopy, checkWrite } from "../arrays.js";
import type { TypeName } from "../descriptor.js";
import type { ArrayRequest, Device, DeviceArray, HostData, Role } from "../device.js";

/** A device whose arrays are in host memory, and which says where. */
export interface HostMemory extends Device {
  zeros(type: TypeName, length: number): HostData;
}

/** An array in host memory: its own, the caller's from the start, or lent by the caller for a while. */
export class HostArray implements DeviceArray {
  readonly device: HostMemory;
  readonly role: Role;
  readonly type: TypeName;
  readonly length: number;
  /** Made at the first need: gradients that are always lent need no memory of the optimizer's own. */
  #own: HostData | null;
  #lent: HostData | null = null;

  constructor(device: HostMemory, { role, type, length, source }: ArrayRequest) {
    this.device = device;
    this.role = role;
    this.type = type;
    this.length = length;
    this.#own = source ?? null;
  }

  /** What kernels read and write. Not to be kept across steps: `lend` and `write` may replace it. */
  get data(): HostData {
    if (this.#lent !== null) return this.#lent;
    this.#own ??= this.device.zeros(this.type, this.length);
    return this.#own;
  }

  lend(source: HostData): void {
    checkWrite(this, source, 0);
    this.#lent = source;
  }

  write(source: HostData, offset = 0): void {
    checkWrite(this, source, offset);
    this.#reclaim().set(source, offset);
  }

  copyFrom(other: DeviceArray): void {
    checkCopy(this, other);
    this.#reclaim().set((other as HostArray).data);
  }

  async read(): Promise<HostData> {
    return this.data.slice();
  }

  retain(): void {}

  release(): void {}

  /** Own storage with the present values: what was lent belongs to the caller and is never written. */
  #reclaim(): HostData {
    const lent = this.#lent;
    if (lent === null) return this.data;
    this.#lent = null;
    const own = this.data;
    own.set(lent);
    return own;
  }
}
