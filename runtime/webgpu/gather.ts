import { isHalf, wordsOf } from "../arrays.js";
import type { HostData } from "../device.js";
import { alignedBytes } from "../placement.js";
import { ALIGNMENT, type WebGpuArray } from "./array.js";

/** Words gathered into one write; larger arrays are written from where they are. */
const CAPACITY = 2 ** 16;

/** Writes host values to the queue, neighbours together: a write has a price of its own, whatever its size. */
export class Gather {
  readonly #queue: GPUQueue;
  readonly #scratch = new Uint32Array(CAPACITY);
  readonly #floats = new Float32Array(this.#scratch.buffer);
  readonly #halves = new Uint16Array(this.#scratch.buffer);
  #buffer: GPUBuffer | null = null;
  #start = 0;
  #words = 0;

  constructor(queue: GPUQueue) {
    this.#queue = queue;
  }

  add(target: WebGpuArray, source: HostData): void {
    const { buffer, byteOffset } = target;
    // The padding behind an array may be overwritten: nothing reads it.
    const words = alignedBytes(wordsOf(target), ALIGNMENT) / 4;
    const follows = buffer === this.#buffer && byteOffset === this.#start + this.#words * 4;
    if (!follows || this.#words + words > CAPACITY) this.flush();
    if (words > CAPACITY) {
      this.#queue.writeBuffer(buffer, byteOffset, wholeWords(source));
      return;
    }
    if (this.#words === 0) {
      this.#buffer = buffer;
      this.#start = byteOffset;
    }
    if (isHalf(target.type)) this.#halves.set(source, 2 * this.#words);
    else (target.type === "f32" ? this.#floats : this.#scratch).set(source, this.#words);
    this.#words += words;
  }

  flush(): void {
    if (this.#buffer !== null && this.#words > 0)
      this.#queue.writeBuffer(this.#buffer, this.#start, this.#scratch, 0, this.#words);
    this.#buffer = null;
    this.#words = 0;
  }
}

/** A queue writes words of 4 bytes; nothing reads the half behind an odd element of 16 bits. */
export function wholeWords(source: HostData): HostData {
  if (source.byteLength % 4 === 0) return source;
  const padded = new Uint16Array(source.length + 1);
  padded.set(source);
  return padded;
}
