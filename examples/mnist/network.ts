import { Dense } from "./dense.js";
import { drawNormal, type Random } from "./random.js";
import { scoreLogits } from "./softmax.js";

interface Layer {
  readonly dense: Dense;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly weightGradient: Float32Array;
  readonly biasGradient: Float32Array;
  /** f32[batch, outputs]: what the layer gives, after the ReLU in all layers but the last. */
  readonly activations: Float32Array;
  /** f32[batch, outputs]: the gradient of what the layer gives. */
  readonly deltas: Float32Array;
}

/** A perceptron with ReLU between its layers and softmax cross-entropy behind them. Memory is taken once, here. */
export class Network {
  readonly widths: readonly number[];
  /** Samples that one call may have. */
  readonly batch: number;
  /** By name: `weight1` f32[inputs, outputs], `bias1` f32[outputs], ... */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  /** Under the same names; `backward` writes them. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
  readonly #layers: readonly Layer[];

  /** @param widths of the input, the hidden layers and the output */
  constructor(widths: readonly number[], batch: number, random: Random) {
    this.widths = widths;
    this.batch = batch;
    this.#layers = widths.slice(1).map((outputs, i) => createLayer(widths[i]!, outputs, batch, random));
    const byName = (weight: keyof Layer, bias: keyof Layer) =>
      Object.fromEntries(
        this.#layers.flatMap((layer, i) => [
          [`weight${i + 1}`, layer[weight] as Float32Array],
          [`bias${i + 1}`, layer[bias] as Float32Array],
        ]),
      );
    this.parameters = byName("weight", "bias");
    this.gradients = byName("weightGradient", "biasGradient");
  }

  get parameterCount(): number {
    return Object.values(this.parameters).reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * @param images f32[count, inputs] of at most `batch` samples
   * @returns sum of the losses, and how many samples are classified rightly
   */
  forward(images: Float32Array, labels: Uint8Array): { readonly loss: number; readonly correct: number } {
    const count = labels.length;
    const last = this.#layers.at(-1)!;
    let x = images;
    for (const layer of this.#layers) {
      const { dense, weight, bias, activations } = layer;
      dense.multiply(count, x, weight, bias, activations);
      if (layer !== last) rectify(activations, count * dense.outputs);
      x = activations;
    }
    return scoreLogits(x, labels, last.dense.outputs, last.deltas);
  }

  /** Gradients of the mean loss of the samples that `forward` has just seen. */
  backward(images: Float32Array, labels: Uint8Array): void {
    const count = labels.length;
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const layer = this.#layers[i]!;
      const below = this.#layers[i - 1];
      const x = below?.activations ?? images;
      layer.dense.differentiateWeights(count, x, layer.deltas, layer.weightGradient, layer.biasGradient);
      if (below !== undefined) {
        layer.dense.differentiateInputs(count, x, layer.deltas, layer.weight, below.deltas);
      }
    }
  }
}

/** Weights as He et al. (2015) draw them for a ReLU: variance 2 / inputs. Biases start at zero. */
function createLayer(inputs: number, outputs: number, batch: number, random: Random): Layer {
  const deviation = Math.sqrt(2 / inputs);
  return {
    dense: new Dense(inputs, outputs, batch),
    weight: Float32Array.from({ length: inputs * outputs }, () => deviation * drawNormal(random)),
    bias: new Float32Array(outputs),
    weightGradient: new Float32Array(inputs * outputs),
    biasGradient: new Float32Array(outputs),
    activations: new Float32Array(batch * outputs),
    deltas: new Float32Array(batch * outputs),
  };
}

function rectify(values: Float32Array, length: number): void {
  for (let i = 0; i < length; i++) if (values[i]! < 0) values[i] = 0;
}
