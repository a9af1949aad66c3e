/** Lays an optimizer's tensors out on a device. */
import type { Dtype, DtypeDescriptor, OptimizerDescriptor, VariantDescriptor } from "./descriptor.js";
import type { ArrayRequest, Device, DeviceArray, LaunchGroup, LaunchTensor } from "./device.js";
import { LowbitError } from "./errors.js";
import { geometryOf } from "./geometry.js";
import type { Group } from "./groups.js";
import { type StateArray, scratchArrays, stateArrays } from "./layout.js";
import { quote, tensorId } from "./names.js";
import type { Accepted } from "./parameters.js";

/** One parameter with everything that belongs to it. */
export interface Tensor extends LaunchTensor, Kept {
  readonly dtype: Dtype;
}

/** How a tensor is kept. */
interface Kept {
  /** Of its gradient. */
  readonly grad: Dtype;
  readonly suffix: string;
  /** Index of its group. */
  readonly settings: number;
  readonly group: string | null;
  readonly variant: VariantDescriptor;
  readonly states: readonly StateArray[];
}

export interface Allocation {
  /** In the order of the parameters. */
  readonly tensors: readonly Tensor[];
  readonly groups: readonly LaunchGroup[];
  /** Bytes of all states, with their scales and what passes keep beside them. */
  readonly stateBytes: number;
  /** Everything to release in the end. */
  readonly held: readonly DeviceArray[];
}

interface Draft extends Accepted, Kept {
  readonly arrays: Record<string, DeviceArray>;
}

type Named = ArrayRequest & { readonly name: string; readonly draft: Draft };

export function allocateTensors(
  device: Device,
  descriptor: OptimizerDescriptor,
  accepted: readonly Accepted[],
  groups: readonly Group[],
): Allocation {
  const drafts = accepted.map((parameter): Draft => {
    const settings = groups.findIndex(({ params }) => params.includes(parameter.name));
    return { ...parameter, ...keep(descriptor, parameter, groups[settings]!), settings, arrays: {} };
  });
  const launches = launchesOf(descriptor, drafts);
  const requests = launches.flatMap(requestsFor);
  const made = device.createArrays(requests);
  requests.forEach(({ draft, name }, i) => {
    draft.arrays[name] = made[i]!;
  });
  const shared = drafts.flatMap(({ values, arrays }) =>
    arrays.p === undefined ? [{ arrays, p: values as DeviceArray }] : [],
  );
  for (const { arrays, p } of shared) {
    p.retain();
    arrays.p = p;
  }
  const tensors = drafts.map(
    ({ values: _, ...tensor }): Tensor => ({
      ...tensor,
      ...geometryOf(tensor.shape),
      id: tensorId(tensor.name),
    }),
  );
  return {
    tensors,
    groups: launches.map((members) => {
      const [{ variant, suffix, settings }] = members as [Draft];
      return { variant, suffix, settings, tensors: members.map((draft) => tensors[drafts.indexOf(draft)]!) };
    }),
    stateBytes: requests.reduce(
      (sum, { role, length }) => sum + (role === "p" || role === "g" ? 0 : 4 * length),
      0,
    ),
    held: [...made, ...shared.map(({ p }) => p)],
  };
}

function keep(
  descriptor: OptimizerDescriptor,
  { name, shape, dtype, values }: Accepted,
  group: Group,
): Omit<Kept, "settings"> {
  const { grad, suffix } = dtypesFor(descriptor, name, dtype, group.grad);
  const variant = variantFor(descriptor, shape, group);
  const bits = dtype === "f32" ? 0 : descriptor.correctionBits;
  if (bits > 0 && !ArrayBuffer.isView(values))
    throw new LowbitError(
      "wrong-parameter",
      `parameter ${quote(name)} belongs to another optimizer, which keeps the other part of it: read it and pass its values`,
    );
  const beside = bits === 0 ? [] : [{ name: "p_correction", storage: { kind: "bits", bits } as const }];
  const states = [...variant.states, ...beside].flatMap((state) => stateArrays(state, shape));
  return { grad, suffix, group: group.name, variant, states };
}

/** Gradients are of the dtype that was asked for; else of the parameter's own, where there are kernels for it. */
function dtypesFor(
  { name: optimizer, dtypes }: OptimizerDescriptor,
  name: string,
  dtype: Dtype,
  grad: Dtype | undefined,
): DtypeDescriptor {
  const own = dtypes.filter(({ param }) => param === dtype);
  const found =
    grad === undefined
      ? (own.find((pair) => pair.grad === dtype) ?? own[0])
      : own.find((pair) => pair.grad === grad);
  if (found !== undefined) return found;
  const wanted = own.length === 0 ? `is ${dtype}` : `is ${dtype} and its gradient ${grad}`;
  const known = dtypes.map(({ param, grad: of }) => (param === of ? param : `${param} with ${of} gradients`));
  throw new LowbitError(
    "wrong-dtype",
    `parameter ${quote(name)} ${wanted}, and ${optimizer} was generated for ${known.join(", ")}: ` +
      `list it in the spec under param${own.length === 0 ? "" : " and grad"}, or convert it`,
  );
}

function variantFor(
  { name, variants }: OptimizerDescriptor,
  shape: readonly number[],
  group: Group,
): VariantDescriptor {
  const { length } = geometryOf(shape);
  if (group.states !== undefined) return variantNamed(variants, shape, group.states, group.name);
  const variant = variants.find(({ minSize, minRank }) => minSize <= length && minRank <= shape.length);
  if (variant === undefined)
    throw new LowbitError(
      "descriptor",
      `${name} has no variant for a tensor of shape ${JSON.stringify(shape)}`,
    );
  return variant;
}

/** The variant that a group asks for, whatever the number of elements. */
function variantNamed(
  variants: readonly VariantDescriptor[],
  shape: readonly number[],
  states: string,
  group: string | null,
): VariantDescriptor {
  const fitting = variants.find(({ name, minRank }) => name === states && minRank <= shape.length);
  if (fitting !== undefined) return fitting;
  throw new LowbitError(
    "unknown-variant",
    `group ${quote(group ?? "")} keeps states as ${quote(states)}, which is for tensors of more dimensions than ` +
      JSON.stringify(shape),
  );
}

/** Tensors that one launch a pass can update: of one variant, with the same kernels and settings. */
function launchesOf({ variants }: OptimizerDescriptor, drafts: readonly Draft[]): Draft[][] {
  const launches = new Map<string, Draft[]>();
  for (const variant of variants) {
    for (const draft of drafts.filter((candidate) => candidate.variant === variant)) {
      const key = JSON.stringify([variant.name, draft.settings, draft.suffix]);
      launches.set(key, [...(launches.get(key) ?? []), draft]);
    }
  }
  return [...launches.values()];
}

/** Array by array, so that what a device clears or copies for all tensors of a launch lies side by side. */
function requestsFor(drafts: readonly Draft[]): Named[] {
  const rows = drafts.map(requestsOfTensor);
  return (rows[0] ?? []).flatMap((_, column) => rows.map((row) => row[column]!)).filter(isRequest);
}

/** Equally many for all tensors of one launch. */
function requestsOfTensor(draft: Draft): (Named | null)[] {
  const { name: tensor, length, shape, dtype, grad, values, variant, states } = draft;
  const owned = ArrayBuffer.isView(values)
    ? { draft, tensor, name: "p", role: "p" as const, type: dtype, length, source: values }
    : null;
  return [
    owned,
    { draft, tensor, name: "g", role: "g", type: grad, length },
    ...states.map(({ name, type, length }): Named => ({ draft, tensor, name, role: "state", type, length })),
    ...scratchArrays(variant, shape).map(
      ({ name, type, length }): Named => ({ draft, tensor, name, role: "next", type, length }),
    ),
  ];
}

function isRequest(request: Named | null): request is Named {
  return request !== null;
}
