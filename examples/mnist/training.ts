import type { Device } from "lowbit-gen/runtime";
import { Batch } from "./batch.js";
import { CLASSES, type Digits, PIXELS } from "./digits.js";
import { Network } from "./network.js";
import type { CreateOptimizer } from "./optimizers.js";
import { createRandom, shuffle } from "./random.js";

/** Units of the network's layers. */
export const WIDTHS = [PIXELS, 128, 64, CLASSES];
const BATCH = 128;

export interface Settings {
  readonly epochs: number;
  /** Learning rate of the first step; it falls linearly to zero. */
  readonly learningRate: number;
  /** Of the starting weights and of the order of the digits: every optimizer gets the same ones. */
  readonly seed: number;
}

export interface Run {
  /** Share of the test digits classified rightly. */
  readonly accuracy: number;
  /** Mean cross-entropy of the test digits, in nats. */
  readonly loss: number;
  readonly stateBytes: number;
  readonly parameterCount: number;
  /** Median over all steps: gradients in, parameters back. */
  readonly stepMilliseconds: number;
  readonly seconds: number;
}

/** Is told of every step, with the mean training loss of the epoch so far. */
export type Watcher = (step: number, steps: number, loss: number) => void;

export function stepsOf(digits: Digits, epochs: number): number {
  return Math.ceil(digits.count / BATCH) * epochs;
}

/** Trains a fresh network from the same start with one optimizer, then tests it. */
export async function train(
  device: Device,
  create: CreateOptimizer,
  { train: digits, test }: { readonly train: Digits; readonly test: Digits },
  { epochs, learningRate, seed }: Settings,
  watch: Watcher,
): Promise<Run> {
  const started = performance.now();
  const random = createRandom(seed);
  const network = new Network(WIDTHS, BATCH, random);
  const optimizer = create(device, network.parameters);
  const order = Uint32Array.from({ length: digits.count }, (_, i) => i);
  const batch = new Batch(BATCH);
  const steps = stepsOf(digits, epochs);
  const times: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random);
    let loss = 0;
    for (let first = 0; first < digits.count; first += BATCH) {
      const { images, labels } = batch.take(digits, order.subarray(first, first + BATCH), random);
      loss += network.forward(images, labels).loss;
      network.backward(images, labels);
      const before = performance.now();
      optimizer.step(network.gradients, { lr: learningRate * (1 - times.length / steps) });
      // The typescript device works in the network's own arrays; others bring the parameters back.
      if (device.kind !== "typescript") copyInto(network.parameters, await optimizer.readParams());
      times.push(performance.now() - before);
      watch(times.length, steps, loss / (first + labels.length));
    }
  }
  const result = evaluate(network, test);
  const { stateBytes } = optimizer;
  optimizer.dispose();
  return {
    ...result,
    stateBytes,
    parameterCount: network.parameterCount,
    stepMilliseconds: median(times),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Mean loss and accuracy over all digits. */
function evaluate(network: Network, { count, images, labels }: Digits): { accuracy: number; loss: number } {
  let loss = 0;
  let correct = 0;
  for (let first = 0; first < count; first += network.batch) {
    const end = Math.min(first + network.batch, count);
    const score = network.forward(images.subarray(first * PIXELS, end * PIXELS), labels.subarray(first, end));
    loss += score.loss;
    correct += score.correct;
  }
  return { accuracy: correct / count, loss: loss / count };
}

function copyInto(
  targets: Readonly<Record<string, Float32Array>>,
  sources: Record<string, Float32Array>,
): void {
  for (const [name, values] of Object.entries(sources)) targets[name]!.set(values);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
