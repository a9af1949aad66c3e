import type { Enclosure } from "../ir/enclosure.js";
import { ordinaryUpdate } from "../ir/ordinary.js";
import { prune } from "../ir/prune.js";
import type { ElementKernel, Fragment, OrdinaryInput, OrdinaryUniform } from "../ir/types.js";
import { firstNameOf, namesIn, namesRead } from "../ir/uses.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName, printValue } from "../print/index.js";
import { askedLate, enclosureOf, enclosureView } from "./enclosure.js";
import { productOf, withProduct } from "./products.js";
import type { stateView } from "./state.js";

type StateView = ReturnType<typeof stateView>;

/** The update for numbers of ordinary size as templates see it; null where the language has no use for it. */
export function ordinaryView(kernel: ElementKernel, states: readonly StateView[], dialect: Dialect) {
  if (dialect.ordinary === null || !states.every(isRepeatable)) return null;
  const ordinary = ordinaryUpdate(kernel);
  if (ordinary === null) return null;
  const spelled: Dialect = { ...dialect, ops: { ...dialect.ops, ...dialect.ordinary } };
  const { f32 } = dialect.constants;
  const name = (variable: { readonly name: string }): string => printName(variable.name, dialect);
  /** The state whose scale, or the scales that meet at its elements, are checked in place of its values. */
  const scaledState = (input: OrdinaryInput): StateView | undefined =>
    states.find(({ state, granuleInRun, isRank1 }) => {
      return input.isNormalized && (granuleInRun || isRank1) && state === input.variable.name;
    });
  const unscaled = ordinary.bounded.filter((input) => scaledState(input) === undefined);
  let sum = 0;
  const bounds = ordinary.bounded.map((input) => {
    const { variable, exponent, isNonNegative } = input;
    const state = scaledState(input);
    return {
      name: name(variable),
      scale: state?.granuleInRun ? state.scale : null,
      scales: state?.isRank1 ? `${state.state}_scales` : null,
      sum: state === undefined && !hasSquares(variable.name, kernel) ? sum++ : null,
      isNonNegative,
      bound: f32(2 ** exponent),
      /** Of the sum of squares that is asked for in its place. */
      square: state === undefined && hasSquares(variable.name, kernel) ? f32(4 ** exponent) : null,
    };
  });
  const sums = bounds.filter(({ sum }) => sum !== null);
  const { inputs, outputs } = kernel.update;
  const within = ({ variable, lo, hi, isPositive }: OrdinaryUniform) => {
    return { name: name(variable), least: f32(2 ** lo), greatest: f32(2 ** hi), isPositive };
  };
  const uniforms = new Set(kernel.uniforms.map(({ name }) => name));
  const asked = new Set([
    ...unscaled.map(({ variable }) => variable.name),
    ...ordinary.present.flatMap(({ value }) => namesIn(value)),
    ...ordinary.update.outputs.map((output) => output.name),
  ]);
  const products = kernel.states.flatMap(({ variables: { old } }, place) => {
    const product =
      hasLevels(states[place]) && !asked.has(old.name) ? productOf(ordinary.update, old, uniforms) : null;
    return product === null ? [] : [{ ...product, state: states[place]?.state, old }];
  });
  const withProducts = (update: Fragment): Fragment =>
    products.reduce((rest, product) => withProduct(rest, product.old, product), update);
  const enclosure = enclosureOf(kernel, ordinary, dialect);
  const late = enclosure === null ? null : askedLate(enclosure, ordinary, dialect);
  const isLate = late !== null && late.length > 0;
  const asksOldParameter = !isLate || enclosure === null || readsParameter(enclosure, kernel);
  const asksFor = ({ name, square }: (typeof bounds)[number]): boolean =>
    asksOldParameter || square === null || name !== printName(kernel.parameter.name, dialect);
  return {
    updateLines: printFragment(withProducts(ordinary.update), spelled),
    /** The update up to two values that the new parameter lies between. */
    enclosure:
      enclosure === null
        ? null
        : enclosureView({ ...enclosure, update: withProducts(enclosure.update) }, dialect, spelled),
    /** Of old values that lanes fetch from each other, where the update reads nothing else of them. */
    products,
    uniforms: ordinary.uniforms.map((uniform) => ({ ...within(uniform), isDivisor: uniform.isDivisor })),
    vectors: ordinary.vectors.map(within),
    bounds: bounds.filter(asksFor),
    /** Inputs whose values are checked, one by one. */
    sums,
    /** Inputs whose squares are summed as they are stored, two by two. */
    squares: bounds.filter((bound) => bound.square !== null && asksFor(bound)),
    anySign: sums.some(({ isNonNegative }) => isNonNegative),
    present: ordinary.present.map(({ value, exponent, isNonNegative }, index) => {
      /** The state whose new values are asked for it. */
      const state = late === null ? null : (states[late[index] ?? -1] as StateView);
      return { value: printValue(value, spelled), least: f32(2 ** exponent), isNonNegative, state };
    }),
    /** Whether these are asked only where a new parameter is small. */
    isLate,
    /** Whether how great the old parameter is makes no difference but to the new one, so that this one is asked. */
    asksNewParameter: !asksOldParameter,
    /** Variables that it reads, or whose size is asked. */
    reads: new Set([...namesRead([ordinary.update]), ...unscaled.map(({ variable }) => variable.name)]),
    parameterLines: printFragment(ordinary.parameter, dialect),
    magnitudeLines: new Map(
      ordinary.magnitudes.map(({ state, magnitude }) => [state, printFragment(magnitude, dialect)]),
    ),
    /** States whose new values are zero or normal. */
    normal: new Set(ordinary.magnitudes.filter(({ isNormal }) => isNormal).map(({ state }) => state)),
    /** States whose new values are their own magnitudes; where memory takes longer than instructions it makes none faster. */
    nonNegative: new Set(
      ordinary.magnitudes
        .filter(() => kernel.parameter.bits === 16)
        .filter(({ magnitude, isNonNegative }) => isNonNegative && isSize(magnitude))
        .map(({ state }) => state),
    ),
    inputs: inputs.map(name),
    outputs: outputs.map(name),
  };
}

/** Whether more than what the new parameter is the sum of depends on the old one. */
function readsParameter({ update, base }: Enclosure, { parameter }: ElementKernel): boolean {
  const outputs = update.outputs.filter(({ name }) => name !== base.name);
  return namesRead([prune({ ...update, outputs }, outputs)]).has(parameter.name);
}

/** Whether a magnitude is the value without its sign. */
function isSize({ inputs: [value], body, outputs: [size] }: Fragment): boolean {
  const source = body.find(({ name }) => name === firstNameOf(size?.name ?? "", body))?.value;
  return source?.kind === "op" && source.op === "f32.abs" && namesIn(source).join() === value?.name;
}

/** Whether all levels of a run are computed before its elements are. */
const hasLevels = (state: StateView | undefined): boolean =>
  state !== undefined && (state.hasLevelLanes || state.tabled > 0);

/** Whether it is kept as a bfloat16, whose squares are as unbounded as those of a float32. */
function hasSquares(input: string, { parameter, gradient }: ElementKernel): boolean {
  const operand = [parameter, gradient].find(({ name }) => name === input);
  return operand?.decode?.body.length === 1;
}

/** Whether the update can be done again: whether it leaves its findings to nobody before all of a thread's elements are done. */
function isRepeatable({ hasMaximum, granuleInRun, isRank1, isShared, hasSpread }: StateView): boolean {
  return (granuleInRun || isRank1 || !hasMaximum) && !(isShared && hasSpread);
}
