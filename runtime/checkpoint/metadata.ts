import type { Dtype, OptimizerDescriptor } from "../descriptor.js";
import { LowbitError } from "../errors.js";
import type { Group } from "../groups.js";
import { changeHypers, defaultHypers, type HyperValues } from "../hypers.js";
import type { StateArray } from "../layout.js";
import { listNames, quote } from "../names.js";

export interface Progress {
  readonly step: number;
  readonly seed: number;
  readonly hypers: HyperValues;
  readonly groups: readonly Group[];
}

export interface SavedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  /** Name of its group, if it is in one. */
  readonly group: string | null;
  readonly variant: { readonly name: string };
  readonly states: readonly StateArray[];
}

type Metadata = Readonly<Record<string, string>>;

const FORMAT = "lowbit-gen";

export function metadataOf(
  descriptor: OptimizerDescriptor,
  { step, seed, hypers, groups }: Progress,
  tensors: readonly SavedTensor[],
): Record<string, string> {
  const saved = tensors.map((tensor) => [tensor.name, savedOf(tensor)]);
  const own = groups.flatMap(({ name, hypers: values }) => (name === null ? [] : [[name, values]]));
  return {
    format: FORMAT,
    ...identityOf(descriptor),
    step: String(step),
    seed: String(seed),
    hypers: JSON.stringify(hypers),
    ...(own.length === 0 ? {} : { groups: JSON.stringify(Object.fromEntries(own)) }),
    tensors: JSON.stringify(Object.fromEntries(saved)),
  };
}

/** What is said of a tensor: of float32 and of no group, nothing. */
function savedOf({ shape, variant, dtype, group }: SavedTensor) {
  return {
    shape,
    variant: variant.name,
    ...(dtype === "f32" ? {} : { dtype }),
    ...(group === null ? {} : { group }),
  };
}

/** Refuses another optimizer's file; the values are checked against their tensors elsewhere. */
export function checkMetadata(
  metadata: Metadata,
  descriptor: OptimizerDescriptor,
  tensors: readonly SavedTensor[],
  groups: readonly Group[],
): Progress {
  checkIdentity(metadata, descriptor);
  const progress = { ...progressOf(metadata, descriptor), groups: groupsOf(metadata, descriptor, groups) };
  checkTensors(recordIn(metadata, "tensors"), tensors);
  return progress;
}

function identityOf({ name, specHash, layoutVersion }: OptimizerDescriptor): Record<string, string> {
  return { name, spec_hash: specHash, layout_version: String(layoutVersion) };
}

const remedies: Readonly<Record<string, string>> = {
  name: "load it with the optimizer that saved it",
  spec_hash: "load it with the package generated from the very spec that saved it",
  layout_version: "load it with the release of lowbit-gen that saved it",
};

function checkIdentity(metadata: Metadata, descriptor: OptimizerDescriptor): void {
  if (metadata.format !== FORMAT)
    throw new LowbitError(
      "checkpoint-foreign",
      `the file is no checkpoint of an optimizer: its metadata says format ${quote(metadata.format ?? "")}, not ${quote(FORMAT)}`,
    );
  for (const [field, needed] of Object.entries(identityOf(descriptor))) {
    const found = metadata[field] ?? "";
    if (found !== needed)
      throw new LowbitError(
        `checkpoint-${field.replace("_", "-")}`,
        `the checkpoint's ${field} is ${quote(found)}, this optimizer's ${quote(needed)}: ${remedies[field]}`,
      );
  }
}

/** The groups with the hypers that they were saved with. */
function groupsOf(metadata: Metadata, descriptor: OptimizerDescriptor, groups: readonly Group[]): Group[] {
  const saved = recordIn({ groups: "{}", ...metadata }, "groups");
  const named = groups.flatMap(({ name }) => name ?? []);
  const missing = named.filter((name) => !Object.hasOwn(saved, name));
  const extra = Object.keys(saved).filter((name) => !named.includes(name));
  if (missing.length + extra.length > 0) {
    const parts = [
      missing.length > 0 ? `does not have ${listNames(missing)}` : "",
      extra.length > 0 ? `has ${listNames(extra)}, which this optimizer does not have` : "",
    ];
    throw new LowbitError(
      "checkpoint-groups",
      `of parameter groups, the checkpoint ${parts.filter(Boolean).join(" and ")}: make it with the same groups`,
    );
  }
  return groups.map((group) => {
    if (group.name === null) return group;
    const hypers = saved[group.name];
    if (typeof hypers !== "object" || hypers === null) throw damaged("groups", metadata);
    return { ...group, hypers: changeHypers(descriptor, {}, hypers) };
  });
}

function progressOf(metadata: Metadata, descriptor: OptimizerDescriptor): Omit<Progress, "groups"> {
  const hypers = recordIn(metadata, "hypers");
  const needed = defaultHypers(descriptor);
  const fits =
    Object.keys(hypers).length === Object.keys(needed).length &&
    Object.entries(needed).every(([name, value]) =>
      typeof hypers[name] === "number"
        ? Number.isFinite(hypers[name])
        : hypers[name] === null && value === null,
    );
  if (!fits) throw damaged("hypers", metadata);
  return { step: wholeIn(metadata, "step"), seed: wholeIn(metadata, "seed"), hypers: hypers as HyperValues };
}

function wholeIn(metadata: Metadata, field: string): number {
  const value = Number(metadata[field]);
  if (!/^\d+$/.test(metadata[field] ?? "") || !Number.isSafeInteger(value)) throw damaged(field, metadata);
  return value;
}

function recordIn(metadata: Metadata, field: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(metadata[field] ?? "");
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Not JSON: refused like JSON of another kind.
  }
  throw damaged(field, metadata);
}

function damaged(field: string, metadata: Metadata): LowbitError {
  return new LowbitError(
    "checkpoint-metadata",
    `the checkpoint's ${field} makes no sense: ${quote(metadata[field] ?? "")}`,
  );
}

function checkTensors(saved: Readonly<Record<string, unknown>>, tensors: readonly SavedTensor[]): void {
  const names = new Set(tensors.map(({ name }) => name));
  const missing = [...names].filter((name) => !Object.hasOwn(saved, name));
  const extra = Object.keys(saved).filter((name) => !names.has(name));
  if (missing.length + extra.length > 0) {
    const parts = [
      missing.length > 0 ? `does not cover ${listNames(missing)}` : "",
      extra.length > 0 ? `covers ${listNames(extra)}, which this optimizer does not have` : "",
    ];
    throw new LowbitError("checkpoint-tensors", `the checkpoint ${parts.filter(Boolean).join(" and ")}`);
  }
  for (const { name, shape, dtype, group, variant } of tensors) {
    const entry = saved[name] as Partial<Record<"shape" | "variant" | "dtype" | "group", unknown>> | null;
    if (JSON.stringify(entry?.shape) !== JSON.stringify(shape))
      throw new LowbitError(
        "checkpoint-shape",
        `parameter ${quote(name)} has shape ${JSON.stringify(entry?.shape)} in the checkpoint, ${JSON.stringify(shape)} here`,
      );
    if ((entry?.dtype ?? "f32") !== dtype)
      throw new LowbitError(
        "checkpoint-dtype",
        `parameter ${quote(name)} is ${JSON.stringify(entry?.dtype ?? "f32")} in the checkpoint, ${quote(dtype)} here`,
      );
    if ((entry?.group ?? null) !== group)
      throw new LowbitError(
        "checkpoint-groups",
        `parameter ${quote(name)} is in ${groupText(entry?.group)} in the checkpoint, in ${groupText(group)} here: ` +
          "make this optimizer with the same groups",
      );
    if (entry?.variant !== variant.name)
      throw new LowbitError(
        "checkpoint-variant",
        `parameter ${quote(name)} is kept as ${JSON.stringify(entry?.variant)} in the checkpoint, as ${quote(variant.name)} here`,
      );
  }
}

function groupText(group: unknown): string {
  return group === undefined || group === null ? "no group" : `the group ${JSON.stringify(group)}`;
}
