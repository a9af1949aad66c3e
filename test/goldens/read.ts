import { readFileSync } from "node:fs";

/** The tensors of one safetensors file of this folder. */
export interface Goldens {
  readonly names: readonly string[];
  f32(name: string): Float32Array;
  /** U8, and I8 as the same bytes. */
  u8(name: string): Uint8Array;
}

interface Entry {
  readonly dtype: string;
  readonly data_offsets: readonly [number, number];
}

/**
 * Reads a safetensors file: eight bytes of header length (little-endian), a JSON header that gives
 * each tensor's dtype, shape and byte range behind the header, then the bytes.
 */
export function readGoldens(file: string): Goldens {
  return parseSafetensors(readFileSync(new URL(file, import.meta.url)));
}

export function parseSafetensors(bytes: Uint8Array): Goldens {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header: Record<string, Entry> = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  delete header.__metadata__;

  const data = (name: string, ...dtypes: string[]): Uint8Array => {
    const entry = header[name];
    if (entry === undefined) throw new RangeError(`no golden named ${name}`);
    if (!dtypes.includes(entry.dtype)) throw new TypeError(`${name} is ${entry.dtype}`);
    // A copy, so that it starts at a multiple of the element size.
    const [from, to] = entry.data_offsets;
    return Uint8Array.from(bytes.subarray(start + from, start + to));
  };
  return {
    names: Object.keys(header),
    f32: (name) => new Float32Array(data(name, "F32").buffer),
    u8: (name) => data(name, "U8", "I8"),
  };
}
