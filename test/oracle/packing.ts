/**
 * Codes as an LSB-first bitstream in u32 words over the whole flattened tensor: code i stands at bits
 * [i * bits, (i + 1) * bits), a code may cross a word boundary, unused bits are 0.
 */
export function pack(codes: ArrayLike<number>, bits: number): Uint32Array {
  const words = new Uint32Array(Math.ceil((codes.length * bits) / 32));
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number;
    const word = Math.floor((i * bits) / 32);
    const shift = (i * bits) % 32;
    (words[word] as number) |= code << shift;
    if (shift + bits > 32) (words[word + 1] as number) |= code >>> (32 - shift);
  }
  return words;
}

/** The first `count` codes of such a bitstream. */
export function unpack(words: Uint32Array, bits: number, count: number): Uint16Array {
  const codes = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const word = Math.floor((i * bits) / 32);
    const shift = (i * bits) % 32;
    let code = (words[word] as number) >>> shift;
    if (shift + bits > 32) code |= (words[word + 1] as number) << (32 - shift);
    codes[i] = code & (2 ** bits - 1);
  }
  return codes;
}
