/** An optimizer's progress as a safetensors file. */
import { checkMetadata, metadataOf, type Progress, type SavedTensor } from "./checkpoint/metadata.js";
import { fromFile, toFile } from "./checkpoint/values.js";
import type { OptimizerDescriptor } from "./descriptor.js";
import type { HostData } from "./device.js";
import { LowbitError } from "./errors.js";
import type { Group } from "./groups.js";
import { listNames } from "./names.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

/** @param data values of the tensors' states, one after another */
export function encodeCheckpoint(
  descriptor: OptimizerDescriptor,
  progress: Progress,
  tensors: readonly SavedTensor[],
  data: readonly HostData[],
): Uint8Array {
  const slots = slotsOf(tensors);
  return writeSafetensors(
    slots.map(({ key, state }, i) => [key, toFile(state, data[i]!)]),
    metadataOf(descriptor, progress, tensors),
  );
}

/**
 * Checks a file against the optimizer it is meant for, and takes it apart.
 *
 * @throws {SafetensorsError} where it is damaged
 * @throws {LowbitError} `checkpoint-*` where it is another's: what was found, and what is needed
 */
export function decodeCheckpoint(
  file: Uint8Array,
  descriptor: OptimizerDescriptor,
  tensors: readonly SavedTensor[],
  groups: readonly Group[],
): { readonly progress: Progress; readonly data: HostData[] } {
  const { metadata, tensors: found } = readSafetensors(file);
  const progress = checkMetadata(metadata, descriptor, tensors, groups);
  const slots = slotsOf(tensors);
  const data = slots.map(({ key, state }) => fromFile(key, state, found.get(key)));
  const keys = new Set(slots.map(({ key }) => key));
  const extra = [...found.keys()].filter((key) => !keys.has(key));
  if (extra.length > 0)
    throw new LowbitError(
      "checkpoint-tensors",
      `the checkpoint holds ${listNames(extra)}, which this optimizer does not keep`,
    );
  return { progress, data };
}

function slotsOf(tensors: readonly SavedTensor[]) {
  return tensors.flatMap(({ name, states }) =>
    states.map((state) => ({ key: `${name}/${state.name}`, state })),
  );
}
