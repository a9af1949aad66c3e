import { float32 } from "./arithmetic.js";
import { type ParameterCodec, plainParameter, type StoredParameter, storeParameter } from "./parameter.js";
import { randomAt, streamKey } from "./random.js";
import type { Rule, Updated } from "./rule.js";
import { emptyState, isStochastic, type StateCodec, type StoredState, store } from "./state.js";
import { stateLength, type TensorRule, type TensorValues, updateTensor } from "./tensor-rule.js";
import { sizeOf } from "./view.js";

export interface OracleConfig<Hypers> {
  readonly rule: Rule<Hypers> | TensorRule<Hypers>;
  readonly hyper: Hypers;
  /** One for each state the rule names, in its order. States of rows, columns and tensors are float32. */
  readonly codecs: readonly StateCodec[];
  /**
   * `hold`: an element whose gradient is not finite, or that would get a state that is not, keeps its parameter and its
   * (decoded) states; one that would get a parameter that is not keeps that. `propagate`: plain IEEE. Of whole tensors: see
   * `updateTensor`.
   */
  readonly nonfinite: "hold" | "propagate";
}

/** One tensor of parameters, flattened in row-major order, with its states. */
export interface OracleTensor {
  readonly name: string;
  /** Row-major; a scalar has no dimensions. */
  readonly shape: readonly number[];
  /** What the stored parameter decodes to. */
  readonly p: Float32Array;
  readonly parameter: StoredParameter;
  readonly codec: ParameterCodec;
  readonly states: readonly StoredState[];
}

/** A tensor before the first step, by default of one dimension, with parameters that its codec holds exactly. */
export function freshTensor<Hypers>(
  config: OracleConfig<Hypers>,
  name: string,
  p: Float32Array,
  shape: readonly number[] = [p.length],
  codec: ParameterCodec = plainParameter,
): OracleTensor {
  if (sizeOf(shape) !== p.length) throw new RangeError(`${p.length} values for the shape [${shape}]`);
  if (config.codecs.length !== config.rule.states.length) {
    throw new RangeError(`${config.codecs.length} codecs for states ${config.rule.states.join(", ")}`);
  }
  const states = config.codecs.map((state, k) => emptyState(state, stateShape(config, k, shape)));
  return { name, shape, p, parameter: storeParameter(p, codec, () => 0), codec, states };
}

/** A state of one value an element has the shape of the tensor; others are lists of float32. */
function stateShape<Hypers>(
  { rule, codecs }: OracleConfig<Hypers>,
  k: number,
  tensor: readonly number[],
): readonly number[] {
  const shape = "shapes" in rule ? rule.shapes[k] : "element";
  if (shape === undefined) throw new RangeError(`state ${rule.states[k]} has no shape`);
  if (shape === "element") return tensor;
  if (codecs[k]?.bits !== 32)
    throw new RangeError(`state ${rule.states[k]} has one value a ${shape}: float32`);
  return [stateLength(shape, tensor)];
}

/**
 * One step of one tensor: read every state, update element by element in float32, then measure, encode
 * and pack every state; nothing happens to a tensor without elements. Nothing it is given changes. `t` counts from 1.
 */
export function oracleStep<Hypers>(
  config: OracleConfig<Hypers>,
  tensor: OracleTensor,
  g: Float32Array,
  t: number,
  seed: bigint,
): OracleTensor {
  const { p, states: next } = newValues(config, tensor, g, t);
  const states = config.codecs.map((codec, k) => {
    const key = streamKey(seed, t, streamOf(config.codecs, k), tensor.name);
    const shape = stateShape(config, k, tensor.shape);
    return store(next[k] as Float32Array, codec, (element) => randomAt(key, element), shape);
  });
  // The parameter's own stream comes after those of the states.
  const key = streamKey(seed, t, streamOf(config.codecs, config.codecs.length), tensor.name);
  const parameter = storeParameter(p, tensor.codec, (element) => randomAt(key, element));
  return { ...tensor, p: parameter.values, parameter, states };
}

/** What a step makes of a tensor, before it is stored. */
function newValues<Hypers>(
  { rule, hyper, nonfinite }: OracleConfig<Hypers>,
  tensor: OracleTensor,
  g: Float32Array,
  t: number,
): TensorValues {
  if ("shapes" in rule) {
    const before = { p: tensor.p, states: tensor.states.map(({ values }) => values) };
    if (tensor.p.length === 0) return before;
    return updateTensor(rule, rule.at(hyper, t, float32), nonfinite, tensor.shape, before, g);
  }
  const update = rule.at(hyper, t, float32);
  const p = new Float32Array(tensor.p.length);
  const next = tensor.states.map(() => new Float32Array(tensor.p.length));

  for (let i = 0; i < p.length; i++) {
    const gradient = g[i] as number;
    const before: Updated = {
      p: tensor.p[i] as number,
      states: tensor.states.map((state) => state.values[i] as number),
    };
    const after = update(before.p, gradient, before.states);
    const held = nonfinite === "hold" && !allFinite(gradient, ...after.states);
    const kept = held ? before : after;
    p[i] = nonfinite === "hold" && !Number.isFinite(after.p) ? before.p : kept.p;
    next.forEach((values, k) => {
      values[i] = kept.states[k] as number;
    });
  }
  return { p, states: next };
}

/** The random stream of state k: its index among the stochastic states. */
function streamOf(codecs: readonly StateCodec[], k: number): number {
  return codecs.slice(0, k).filter(isStochastic).length;
}

function allFinite(...numbers: number[]): boolean {
  return numbers.every(Number.isFinite);
}
