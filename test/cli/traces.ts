/** Recorded runs for replay, and what the oracle makes of them. */
import { writeSafetensors } from "../../runtime/index.js";
import {
  type Dtype,
  freshTensor,
  type OracleConfig,
  type OracleTensor,
  oracleStep,
  type ParameterCodec,
  plainParameter,
  storeParameter,
} from "../oracle/index.js";

export interface TraceTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Values of a smooth curve, some large, some small: no two runs of a tensor have one scale. */
function values(length: number, phase: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => Math.sin(i * 0.7 + phase) * 10 ** Math.sin(i * 0.013 + phase),
  );
}

const lengthOf = ({ shape }: TraceTensor): number => shape.reduce((product, size) => product * size, 1);

/** `p0/<tensor>` and `g<step>/<tensor>`, by name. */
export function traceValues(tensors: readonly TraceTensor[], steps: number): Map<string, Float32Array> {
  const rows = tensors.flatMap((tensor, index) =>
    Array.from({ length: steps + 1 }, (_, step) => {
      const key = step === 0 ? `p0/${tensor.name}` : `g${step}/${tensor.name}`;
      return [key, values(lengthOf(tensor), index + step * 0.37)] as const;
    }),
  );
  return new Map(rows);
}

export function traceFile(tensors: readonly TraceTensor[], steps: number): Uint8Array {
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  return writeSafetensors(
    [...traceValues(tensors, steps)].map(([key, data]) => {
      const shape = shapes.get(key.slice(key.indexOf("/") + 1)) ?? [];
      return [key, { dtype: "F32", shape, data }];
    }),
  );
}

/** A tensor after each of the steps 1 to `steps`. */
export function oracleRun<Hypers>(
  config: OracleConfig<Hypers>,
  { name }: TraceTensor,
  trace: ReadonlyMap<string, Float32Array>,
  steps: number,
  seed: bigint,
  codec: ParameterCodec = plainParameter,
  grad: Dtype = "f32",
): OracleTensor[] {
  const after: OracleTensor[] = [];
  const rounded = (values: Float32Array, dtype: Dtype): Float32Array =>
    storeParameter(values, { dtype, rounding: "nearest", master: null }, () => 0).values;
  const start = rounded(trace.get(`p0/${name}`)!, codec.dtype);
  let tensor = freshTensor(config, name, start, [start.length], codec);
  for (let t = 1; t <= steps; t++) {
    tensor = oracleStep(config, tensor, rounded(trace.get(`g${t}/${name}`)!, grad), t, seed);
    after.push(tensor);
  }
  return after;
}
