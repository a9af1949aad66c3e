import type { HostData } from "../device.js";
import { LowbitError } from "../errors.js";
import { sizeOf } from "../geometry.js";
import type { StateArray } from "../layout.js";
import { quote } from "../names.js";
import type { SafeTensor } from "../safetensors.js";

const isHalf = (dtype: StateArray["file"]["dtype"]): boolean => dtype === "BF16" || dtype === "F16";

/** Two halves a word lie in memory as the file wants them; the padding behind an odd one is zero. */
export function toFile({ file, length }: StateArray, data: HostData): SafeTensor {
  const { dtype, shape } = file;
  if (!isHalf(dtype)) return { dtype, shape, data };
  const count = sizeOf(shape);
  return { dtype, shape, data: new Uint16Array(data.buffer, data.byteOffset, length * 2).subarray(0, count) };
}

export function fromFile(
  key: string,
  { type, length, file }: StateArray,
  tensor: SafeTensor | undefined,
): HostData {
  if (tensor === undefined) throw new LowbitError("checkpoint-tensors", `the checkpoint lacks ${quote(key)}`);
  if (tensor.dtype !== file.dtype || JSON.stringify(tensor.shape) !== JSON.stringify(file.shape))
    throw new LowbitError(
      "checkpoint-shape",
      `${quote(key)} is ${tensor.dtype} of shape ${JSON.stringify(tensor.shape)} in the checkpoint, ` +
        `and must be ${file.dtype} of shape ${JSON.stringify(file.shape)}`,
    );
  if (!isHalf(file.dtype)) return tensor.data as HostData;
  const words = type === "u32" ? new Uint32Array(length) : new Float32Array(length);
  new Uint16Array(words.buffer).set(tensor.data as Uint16Array);
  return words;
}
