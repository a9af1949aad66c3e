import { className } from "../arrays.js";
import { type DType, elementCount, isDType, SafetensorsError, views } from "./dtypes.js";
import { duplicateKey } from "./keys.js";

export interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes from the start of the file to the data. */
  readonly dataStart: number;
}

/** What other readers of the format accept. */
const MAX_HEADER_BYTES = 100_000_000;

/** Reads and checks everything in a file but the values. */
export function readHeader(file: Uint8Array): Header {
  const text = headerText(file);
  const { __metadata__: metadata = {}, ...tensors } = parseObject(text);
  const dataStart = 8 + headerLength(file);
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value));
  checkPlaces(entries, file.length - dataStart);
  return { entries, metadata: parseMetadata(metadata), dataStart };
}

function headerLength(file: Uint8Array): number {
  if (className(file) !== "Uint8Array")
    throw new SafetensorsError(
      "safetensors-bytes",
      `the file must be given as a Uint8Array, not as ${className(file)}`,
    );
  if (file.length < 8)
    throw new SafetensorsError(
      "safetensors-truncated",
      `the file has ${file.length} bytes; its header alone takes 8`,
    );
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw new SafetensorsError(
      "safetensors-header",
      `the header claims ${length} bytes (at most ${MAX_HEADER_BYTES}): this is not a safetensors file`,
    );
  return Number(length);
}

function headerText(file: Uint8Array): string {
  const length = headerLength(file);
  if (8 + length > file.length)
    throw new SafetensorsError(
      "safetensors-truncated",
      `the header claims ${length} bytes, but ${file.length - 8} follow: the file is truncated, or not safetensors`,
    );
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.subarray(8, 8 + length));
  } catch (cause) {
    throw new SafetensorsError("safetensors-header", "the header is not UTF-8", { cause });
  }
}

function parseObject(text: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError("safetensors-header", `the header is not JSON: ${String(cause)}`, { cause });
  }
  if (!isRecord(header))
    throw new SafetensorsError("safetensors-header", "the header is JSON, but not an object of tensors");
  const duplicate = duplicateKey(text);
  if (duplicate !== null)
    throw new SafetensorsError(
      "safetensors-duplicate",
      `${JSON.stringify(duplicate)} occurs twice in the header`,
    );
  return header;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === "string"))
    throw new SafetensorsError("safetensors-metadata", "__metadata__ is not an object of strings");
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown): Entry {
  const refuse = (what: string): never => {
    throw new SafetensorsError("safetensors-tensor", `tensor ${JSON.stringify(name)}: ${what}`);
  };
  if (!isRecord(value)) return refuse("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDType(dtype))
    return refuse(`dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(views).join(", ")}`);
  const count = Array.isArray(shape) ? elementCount(shape) : null;
  if (count === null) return refuse(`shape ${JSON.stringify(shape)} is not a list of whole numbers >= 0`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || elementCount(offsets) === null)
    return refuse(`data_offsets ${JSON.stringify(offsets)} is not a pair of whole numbers >= 0`);
  const [begin, end] = offsets as [number, number];
  const bytes = count * views[dtype].BYTES_PER_ELEMENT;
  if (end - begin !== bytes)
    return refuse(
      `${dtype} of shape [${shape}] takes ${bytes} bytes, its offsets ${begin} to ${end} hold ${end - begin}`,
    );
  return { name, dtype, shape: shape as number[], begin, end };
}

/** The format allows neither overlaps nor holes: tensors in order of offset tile the data. */
function checkPlaces(entries: readonly Entry[], dataBytes: number): void {
  let expected = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const tensor = `tensor ${JSON.stringify(name)}`;
    if (end > dataBytes)
      throw new SafetensorsError(
        "safetensors-truncated",
        `${tensor} ends at byte ${end} of the data, but ${dataBytes} follow the header: the file is truncated`,
      );
    if (begin !== expected)
      throw new SafetensorsError(
        begin < expected ? "safetensors-overlap" : "safetensors-hole",
        `${tensor} begins at byte ${begin} of the data; the tensor before it ends at ${expected}`,
      );
    expected = end;
  }
  if (expected !== dataBytes)
    throw new SafetensorsError(
      "safetensors-hole",
      `the tensors take ${expected} bytes, but ${dataBytes} follow the header`,
    );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
