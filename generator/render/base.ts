import type { Fragment, Kernel, KernelState, Variable } from "../ir/types.js";
import { namesReadBy } from "../ir/uses.js";
import { fragmentsOf } from "../ir/verify.js";
import { neededHelpers, printName } from "../print/index.js";
import type { Target } from "../target.js";
import { shareOf } from "./shares.js";
import { stateView } from "./state.js";
import { tableViews } from "./tables.js";

/** Sizes of the dimensions; rank-1 scales are for tensors of so many at most. */
const sizes = Array.from({ length: 8 }, (_, dimension) => `size${dimension}`);

/** The parameter or the gradient, as a fragment of the kernel reads it. */
export function operandView(
  operand: KernelState,
  kernel: Kernel,
  { inputs }: Fragment,
  granule: number,
  target: Target,
) {
  return {
    ...stateView(operand, kernel, granule, false, target),
    isHalf: operand.decode !== null,
    isRead: inputs.some(({ name }) => name === operand.name),
  };
}

/** What a kernel needs to know of a tensor's shape. */
export function geometryView(needsMatrix: boolean, anyRank1: boolean, hasPanels: boolean) {
  const geometry = [
    ...(needsMatrix ? ["rows", "cols"] : []),
    ...(hasPanels ? ["panels"] : []),
    ...(anyRank1 ? ["rank", ...sizes] : []),
  ];
  return { geometry, needsMatrix, anyRank1 };
}

/** What all kinds of kernels have. */
export function baseView(kernel: Kernel, granule: number, exchanges: boolean, target: Target) {
  const { dialect } = target;
  const name = ({ name }: Variable): string => printName(name, dialect);
  const isElements = "update" in kernel;
  const tile = isElements ? kernel.tile : 0;
  const common = {
    index: name(kernel.variables.index),
    element: name(kernel.variables.element),
    elementHigh: name(kernel.variables.elementHigh),
    tensorId: name(kernel.variables.tensorId),
    tile,
    granule,
  };
  const states = kernel.states.map((state, index) =>
    Object.assign(stateView(state, kernel, granule, exchanges, target), common, {
      description: kernel.doc[index + 1] ?? "",
    }),
  );
  const packed = states.filter(({ isPacked }) => isPacked);
  // While two or more states are encoded by segments there is the most time that memory is not read.
  const asksWhileEncoding = packed.length > 1 && packed.every(({ segments }) => segments !== null);
  if (asksWhileEncoding) {
    Object.assign(packed[0] as object, { asked: "p" });
    Object.assign(packed.at(-1) as object, { asked: "g" });
  }
  const fragments = fragmentsOf(kernel);
  const needs = neededHelpers(fragments, dialect);
  const read = namesReadBy(kernel);
  const vectors = kernel.kind === "fold" ? [...kernel.vectors, ...kernel.entryVectors] : kernel.vectors;
  const needsMatrix = !isElements || vectors.length > 0 || states.some(({ isRow, isCol }) => isRow || isCol);
  const anyRank1 = states.some(({ isRank1 }) => isRank1);
  return {
    name: kernel.name,
    doc: kernel.doc,
    share: shareOf(kernel, target),
    readsUniforms: kernel.uniforms.some(({ name: uniform }) => read.has(uniform)),
    ...geometryView(needsMatrix, anyRank1, false),
    /** Whether it writes nothing of the elements. */
    isFold: !isElements,
    ...common,
    states,
    uniforms: kernel.uniforms.map(({ name: uniform, type }) => ({
      field: uniform,
      name: printName(uniform, dialect),
      type: dialect.types[type],
      isKey: type === "u32",
      isRead: read.has(uniform),
    })),
    anyPacked: packed.length > 0,
    asksWhileEncoding,
    /** Where 16 bits are decoded, after the states that they may need. */
    anyHalf: kernel.parameter.decode !== null || kernel.gradient.decode !== null,
    anyGlobal: states.some(({ isGlobal }) => isGlobal),
    anyShaped: states.some(({ isShaped }) => isShaped),
    anySpread: states.some(({ hasSpread }) => hasSpread),
    tables: tableViews(kernel.tables, dialect),
    needsBfloat16: needs.has("bfloat16"),
    needsSlope: needs.has("slope"),
    needsBits: needs.has("bits"),
    needsFromBits: needs.has("fromBits"),
    needsWord: needs.size > 0,
  };
}
