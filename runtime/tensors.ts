/** Lays an optimizer's tensors out on a device. */
import type { OptimizerDescriptor, VariantDescriptor } from "./descriptor.js";
import type { ArrayRequest, Device, DeviceArray, LaunchGroup, LaunchTensor } from "./device.js";
import { LowbitError } from "./errors.js";
import { geometryOf } from "./geometry.js";
import { type StateArray, scratchArrays, stateArrays } from "./layout.js";
import { tensorId } from "./names.js";
import type { Accepted } from "./parameters.js";

/** One parameter with everything that belongs to it. */
export interface Tensor extends LaunchTensor {
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

interface Draft extends Accepted {
  readonly variant: VariantDescriptor;
  readonly states: readonly StateArray[];
  readonly arrays: Record<string, DeviceArray>;
}

type Named = ArrayRequest & { readonly name: string; readonly draft: Draft };

export function allocateTensors(
  device: Device,
  descriptor: OptimizerDescriptor,
  accepted: readonly Accepted[],
): Allocation {
  const drafts = accepted.map((parameter): Draft => {
    const variant = variantFor(descriptor, parameter.shape);
    const states = variant.states.flatMap((state) => stateArrays(state, parameter.shape));
    return { ...parameter, variant, states, arrays: {} };
  });
  const requests = requestsFor(descriptor, drafts);
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
    groups: descriptor.variants
      .map((variant) => ({ variant, tensors: tensors.filter((tensor) => tensor.variant === variant) }))
      .filter((group) => group.tensors.length > 0),
    stateBytes: requests.reduce(
      (sum, { role, length }) => sum + (role === "p" || role === "g" ? 0 : 4 * length),
      0,
    ),
    held: [...made, ...shared.map(({ p }) => p)],
  };
}

function variantFor({ name, variants }: OptimizerDescriptor, shape: readonly number[]): VariantDescriptor {
  const { length } = geometryOf(shape);
  const variant = variants.find(({ minSize, minRank }) => minSize <= length && minRank <= shape.length);
  if (variant === undefined)
    throw new LowbitError(
      "descriptor",
      `${name} has no variant for a tensor of shape ${JSON.stringify(shape)}`,
    );
  return variant;
}

/** Array by array, so that what a device clears or copies for all tensors of a variant lies side by side. */
function requestsFor({ variants }: OptimizerDescriptor, drafts: readonly Draft[]): Named[] {
  return variants.flatMap((variant) => {
    const rows = drafts.filter((draft) => draft.variant === variant).map(requestsOfTensor);
    return (rows[0] ?? []).flatMap((_, column) => rows.map((row) => row[column]!)).filter(isRequest);
  });
}

/** Equally many for all tensors of one variant. */
function requestsOfTensor(draft: Draft): (Named | null)[] {
  const { name: tensor, length, shape, values, variant, states } = draft;
  const owned = ArrayBuffer.isView(values)
    ? { draft, tensor, name: "p", role: "p" as const, type: "f32" as const, length, source: values }
    : null;
  return [
    owned,
    { draft, tensor, name: "g", role: "g", type: "f32", length },
    ...states.map(({ name, type, length }): Named => ({ draft, tensor, name, role: "state", type, length })),
    ...scratchArrays(variant, shape).map(
      ({ name, type, length }): Named => ({ draft, tensor, name, role: "next", type, length }),
    ),
  ];
}

function isRequest(request: Named | null): request is Named {
  return request !== null;
}
