/**
 * Softmax cross-entropy of a batch, in float64: loss = log(sum exp(z)) - z[label].
 *
 * @param logits f32[count, classes]
 * @param deltas f32[count, classes], written: gradient of the mean loss, (softmax(z) - onehot(label)) / count
 * @returns sum of the losses, and how many samples have their largest logit at the label
 */
export function scoreLogits(
  logits: Float32Array,
  labels: Uint8Array,
  classes: number,
  deltas: Float32Array,
): { readonly loss: number; readonly correct: number } {
  const count = labels.length;
  let loss = 0;
  let correct = 0;
  for (let sample = 0; sample < count; sample++) {
    const row = sample * classes;
    const target = row + labels[sample]!;
    let best = row;
    for (let place = row; place < row + classes; place++) if (logits[place]! > logits[best]!) best = place;
    // Less the largest logit, so that no exponential overflows.
    const largest = logits[best]!;
    let total = 0;
    for (let place = row; place < row + classes; place++) total += Math.exp(logits[place]! - largest);
    for (let place = row; place < row + classes; place++) {
      const probability = Math.exp(logits[place]! - largest) / total;
      deltas[place] = (probability - (place === target ? 1 : 0)) / count;
    }
    loss += Math.log(total) + largest - logits[target]!;
    if (best === target) correct++;
  }
  return { loss, correct };
}
