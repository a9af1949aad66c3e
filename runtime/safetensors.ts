import {
  elementCount,
  type SafeTensor,
  SafetensorsError,
  type TensorData,
  views,
} from "./safetensors/dtypes.js";
import { type Entry, readHeader } from "./safetensors/header.js";

export { type DType, type SafeTensor, SafetensorsError, type TensorData } from "./safetensors/dtypes.js";

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file. Values are views of `file` where they are aligned, copies where they are not.
 *
 * @throws {SafetensorsError} naming the tensor and the fault; the whole header is checked first
 */
export function readSafetensors(file: Uint8Array): SafetensorsFile {
  const { entries, metadata, dataStart } = readHeader(file);
  const tensors = new Map<string, SafeTensor>();
  for (const entry of entries) {
    const { name, dtype, shape } = entry;
    tensors.set(name, { dtype, shape, data: viewOf(entry, file, dataStart) });
  }
  return { tensors, metadata };
}

function viewOf({ dtype, begin, end }: Entry, file: Uint8Array, dataStart: number): TensorData {
  const View = views[dtype];
  const aligned = (file.byteOffset + dataStart + begin) % View.BYTES_PER_ELEMENT === 0;
  const bytes = file.subarray(dataStart + begin, dataStart + end);
  // Not slice(): a Buffer's gives a view.
  const { buffer, byteOffset } = aligned ? bytes : new Uint8Array(bytes);
  return new View(buffer as ArrayBuffer, byteOffset, (end - begin) / View.BYTES_PER_ELEMENT);
}

/**
 * Writes a safetensors file: equal input, in whatever order, gives equal bytes.
 * Keys are sorted; values stand by falling element size, so that every tensor is aligned.
 *
 * @throws {SafetensorsError} where a tensor's values do not fit its dtype or shape
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, SafeTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(([a], [b]) => compare(a, b));
  sorted.forEach(([name, tensor], index) => {
    checkTensor(name, tensor, sorted[index - 1]?.[0]);
  });
  const placed = new Map<string, number>();
  let dataBytes = 0;
  for (const [name, { data }] of sorted.toSorted(([, a], [, b]) => elementBytes(b) - elementBytes(a))) {
    placed.set(name, dataBytes);
    dataBytes += data.byteLength;
  }
  const header = encodeHeader(sorted, placed, metadata);
  const file = new Uint8Array(8 + header.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  for (const [name, { data }] of sorted)
    file.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      8 + header.length + placed.get(name)!,
    );
  return file;
}

function encodeHeader(
  sorted: readonly (readonly [string, SafeTensor])[],
  placed: ReadonlyMap<string, number>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const fields: [string, unknown][] = sorted.map(([name, { dtype, shape, data }]) => {
    const begin = placed.get(name)!;
    return [name, { dtype, shape, data_offsets: [begin, begin + data.byteLength] }];
  });
  const pairs = Object.entries(metadata).sort(([a], [b]) => compare(a, b));
  if (pairs.length > 0) fields.unshift(["__metadata__", Object.fromEntries(pairs)]);
  // Written pair by pair: an object would put names that look like integers first.
  const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8).fill(0x20);
  padded.set(bytes);
  return padded;
}

function checkTensor(name: string, { dtype, shape, data }: SafeTensor, previous: string | undefined): void {
  const tensor = `tensor ${JSON.stringify(name)}`;
  if (name === "__metadata__" || name === previous)
    throw new SafetensorsError(
      "safetensors-duplicate",
      `${tensor} ${name === previous ? "is given twice" : "has the name that the format keeps for metadata"}`,
    );
  if (!(data instanceof views[dtype]))
    throw new SafetensorsError("safetensors-tensor", `${tensor}: ${dtype} needs a ${views[dtype].name}`);
  const count = elementCount(shape);
  if (count !== data.length)
    throw new SafetensorsError(
      "safetensors-tensor",
      `${tensor}: shape [${shape}] does not hold ${data.length} values`,
    );
}

function elementBytes({ dtype }: SafeTensor): number {
  return views[dtype].BYTES_PER_ELEMENT;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
