import { float32 } from "./arithmetic.js";
import { randomAt, streamKey } from "./random.js";
import type { Rule, Updated } from "./rule.js";
import { emptyState, isStochastic, type StateCodec, type StoredState, store } from "./state.js";

export interface OracleConfig<Hypers> {
  readonly rule: Rule<Hypers>;
  readonly hyper: Hypers;
  /** One for each state the rule names, in its order. */
  readonly codecs: readonly StateCodec[];
  /**
   * `hold`: an element whose gradient is not finite, or that would get a parameter or state that is not,
   * keeps its parameter and its (decoded) states. `propagate`: plain IEEE.
   */
  readonly nonfinite: "hold" | "propagate";
}

/** One tensor of parameters, flattened in row-major order, with its states. */
export interface OracleTensor {
  readonly name: string;
  readonly p: Float32Array;
  readonly states: readonly StoredState[];
}

/** A tensor before the first step. */
export function freshTensor<Hypers>(
  config: OracleConfig<Hypers>,
  name: string,
  p: Float32Array,
): OracleTensor {
  if (config.codecs.length !== config.rule.states.length) {
    throw new RangeError(`${config.codecs.length} codecs for states ${config.rule.states.join(", ")}`);
  }
  return { name, p, states: config.codecs.map((codec) => emptyState(codec, p.length)) };
}

/**
 * One step of one tensor: read every state, update element by element in float32, then measure, encode
 * and pack every state. Nothing it is given changes. `t` counts from 1.
 */
export function oracleStep<Hypers>(
  config: OracleConfig<Hypers>,
  tensor: OracleTensor,
  g: Float32Array,
  t: number,
  seed: bigint,
): OracleTensor {
  const update = config.rule.at(config.hyper, t, float32);
  const p = new Float32Array(tensor.p.length);
  const next = tensor.states.map(() => new Float32Array(tensor.p.length));

  for (let i = 0; i < p.length; i++) {
    const gradient = g[i] as number;
    const before: Updated = {
      p: tensor.p[i] as number,
      states: tensor.states.map((state) => state.values[i] as number),
    };
    const after = update(before.p, gradient, before.states);
    const held = config.nonfinite === "hold" && !allFinite(gradient, after.p, ...after.states);
    const kept = held ? before : after;
    p[i] = kept.p;
    next.forEach((values, k) => {
      values[i] = kept.states[k] as number;
    });
  }

  const states = config.codecs.map((codec, k) => {
    const key = streamKey(seed, t, streamOf(config.codecs, k), tensor.name);
    return store(next[k] as Float32Array, codec, (element) => randomAt(key, element));
  });
  return { name: tensor.name, p, states };
}

/** The random stream of state k: its index among the stochastic states. */
function streamOf(codecs: readonly StateCodec[], k: number): number {
  return codecs.slice(0, k).filter(isStochastic).length;
}

function allFinite(...numbers: number[]): boolean {
  return numbers.every(Number.isFinite);
}
