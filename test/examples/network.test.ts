import { describe, expect, it } from "vitest";
import { Network } from "../../examples/mnist/network.js";
import { createRandom } from "../../examples/mnist/random.js";

const widths = [6, 5, 4, 3];
const count = 5;

/** Mean softmax cross-entropy of a ReLU network, in float64 and straight from the definition. */
function meanLoss(
  parameters: ReadonlyMap<string, Float64Array>,
  images: Float32Array,
  labels: Uint8Array,
): number {
  let total = 0;
  for (let sample = 0; sample < labels.length; sample++) {
    let units = [...images.subarray(sample * widths[0]!, (sample + 1) * widths[0]!)];
    for (let layer = 1; layer < widths.length; layer++) {
      const weight = parameters.get(`weight${layer}`)!;
      const outputs = widths[layer]!;
      const sums = [...parameters.get(`bias${layer}`)!].map((bias, output) =>
        units.reduce((sum, unit, input) => sum + unit * weight[input * outputs + output]!, bias),
      );
      units = layer === widths.length - 1 ? sums : sums.map((sum) => Math.max(0, sum));
    }
    total += Math.log(units.reduce((sum, unit) => sum + Math.exp(unit), 0)) - units[labels[sample]!]!;
  }
  return total / labels.length;
}

function makeCase(seed: number) {
  const random = createRandom(seed);
  const network = new Network(widths, 8, random);
  for (const [name, values] of Object.entries(network.parameters)) {
    if (name.startsWith("bias")) values.forEach((_, i) => (values[i] = random() - 0.5));
  }
  const images = Float32Array.from({ length: count * widths[0]! }, () => Math.max(0, random() - 0.4));
  const labels = Uint8Array.from({ length: count }, () => Math.floor(random() * 3));
  const exact = new Map(
    Object.entries(network.parameters).map(([name, values]) => [name, Float64Array.from(values)]),
  );
  return { network, images, labels, exact };
}

describe("the network of the example", () => {
  it.each([1, 2, 3])("gives the loss that its definition gives (seed %i)", (seed) => {
    const { network, images, labels, exact } = makeCase(seed);
    expect(network.forward(images, labels).loss / count).toBeCloseTo(meanLoss(exact, images, labels), 5);
  });

  it.each([1, 2, 3])("has the gradients that central differences give (seed %i)", (seed) => {
    const { network, images, labels, exact } = makeCase(seed);
    network.forward(images, labels);
    network.backward(images, labels);
    const distance = 1e-6;
    for (const [name, values] of exact) {
      values.forEach((value, i) => {
        values[i] = value + distance;
        const above = meanLoss(exact, images, labels);
        values[i] = value - distance;
        const below = meanLoss(exact, images, labels);
        values[i] = value;
        const slope = (above - below) / (2 * distance);
        expect(Math.abs(network.gradients[name]![i]! - slope), `${name}[${i}]`).toBeLessThan(1e-6);
      });
    }
  });

  it("counts what has its largest logit at the label", () => {
    const { network, images } = makeCase(4);
    const correct = [0, 1, 2].map(
      (label) => network.forward(images, new Uint8Array(count).fill(label)).correct,
    );
    expect(correct[0]! + correct[1]! + correct[2]!).toBe(count);
  });
});
