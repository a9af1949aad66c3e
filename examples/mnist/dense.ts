/**
 * A layer y = x w + b over a batch, in float32: x[count, inputs], w[inputs, outputs], b[outputs], y[count, outputs], all
 * row-major. The innermost loops run along rows, and what is multiplied by zero is left out: most pixels are black and
 * half of the hidden units are off.
 */
import { RowSum } from "./row-sum.js";

export class Dense {
  readonly inputs: number;
  readonly outputs: number;
  readonly #sum: RowSum;

  /** @param batch samples that one call may have */
  constructor(inputs: number, outputs: number, batch: number) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#sum = new RowSum(Math.max(inputs, batch));
  }

  /** Writes y. */
  multiply(count: number, x: Float32Array, w: Float32Array, b: Float32Array, y: Float32Array): void {
    const { inputs, outputs } = this;
    const sum = this.#sum;
    for (let sample = 0; sample < count; sample++) {
      sum.clear();
      for (let input = 0; input < inputs; input++) sum.add(x[sample * inputs + input]!, input * outputs);
      y.set(b, sample * outputs);
      sum.addTo(y, sample * outputs, w, outputs);
    }
  }

  /** Writes the gradients of w and b, given the gradient of y. */
  differentiateWeights(
    count: number,
    x: Float32Array,
    dy: Float32Array,
    dw: Float32Array,
    db: Float32Array,
  ): void {
    const { inputs, outputs } = this;
    const sum = this.#sum;
    dw.fill(0);
    for (let input = 0; input < inputs; input++) {
      sum.clear();
      for (let sample = 0; sample < count; sample++) sum.add(x[sample * inputs + input]!, sample * outputs);
      sum.addTo(dw, input * outputs, dy, outputs);
    }
    db.fill(0);
    sum.clear();
    for (let sample = 0; sample < count; sample++) sum.add(1, sample * outputs);
    sum.addTo(db, 0, dy, outputs);
  }

  /** Writes the gradient of x, given the gradient of y, where x is what a ReLU gave: zero where x is. */
  differentiateInputs(
    count: number,
    x: Float32Array,
    dy: Float32Array,
    w: Float32Array,
    dx: Float32Array,
  ): void {
    const { inputs, outputs } = this;
    for (let sample = 0; sample < count; sample++) {
      const row = sample * outputs;
      for (let input = 0; input < inputs; input++) {
        const place = sample * inputs + input;
        dx[place] = x[place]! > 0 ? dot(dy, row, w, input * outputs, outputs) : 0;
      }
    }
  }
}

function dot(a: Float32Array, firstA: number, b: Float32Array, firstB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[firstA + i]! * b[firstB + i]!;
  return sum;
}
