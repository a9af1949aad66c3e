import type { HostData, LaunchTensor } from "../device.js";
import { LowbitError } from "../errors.js";
import type { HostArray } from "../host/array.js";
import type { NativeCpu } from "../native/cpu.js";
import { measureOf } from "../tables.js";

interface Bound {
  readonly tensor: string;
  readonly name: string;
  readonly array: HostArray;
  /** Of `rows`. */
  readonly place: number;
  /** What stands there now. */
  data: HostData | null;
}

/** The records `<kernel>_tensor` of a pass, 8 bytes a field. */
export class TensorTable {
  readonly rows: BigUint64Array;
  readonly #cpu: NativeCpu;
  readonly #bound: Bound[] = [];

  /** @param fields the kernel's, in the order of its record: geometry, then arrays; length stands before, id between */
  constructor(cpu: NativeCpu, tensors: readonly LaunchTensor[], fields: readonly string[]) {
    const stride = fields.length + 2;
    this.#cpu = cpu;
    this.rows = new BigUint64Array(tensors.length * stride);
    tensors.forEach((tensor, row) => {
      let place = row * stride;
      const put = (value: number): void => {
        this.rows[place++] = BigInt(value);
      };
      const measures = fields.map((field) => measureOf(tensor, field)).filter((value) => value !== undefined);
      put(tensor.length);
      for (const measure of measures) put(measure);
      put(tensor.id);
      for (const name of fields.slice(measures.length)) {
        const array = tensor.arrays[name];
        if (array === undefined)
          throw new LowbitError("descriptor", `no array ${name} for a kernel that addresses it`);
        this.#bound.push({
          tensor: tensor.name,
          name,
          array: array as HostArray,
          place: place++,
          data: null,
        });
      }
    });
    this.refresh();
  }

  /**
   * Takes the arrays as they are now.
   *
   * @throws {LowbitError} `detached-array` where the caller has given the memory of one away
   */
  refresh(): void {
    for (const bound of this.#bound) {
      const { array, data: known } = bound;
      const { data } = array;
      if (data.length !== array.length)
        throw new LowbitError(
          "detached-array",
          `${bound.name} of ${JSON.stringify(bound.tensor)} has ${data.length} elements where it had ${array.length}: ` +
            `its buffer was transferred or resized, and the optimizer works in it`,
        );
      if (data === known) continue;
      this.rows[bound.place] = this.#cpu.addressOf(data);
      bound.data = data;
    }
  }
}
