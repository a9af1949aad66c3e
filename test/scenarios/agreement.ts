import { expect } from "vitest";
import { formatDiagnostic } from "../../generator/diagnostics.js";
import { compile, type Package } from "../../generator/index.js";
import type { Dtype, DtypePlan } from "../../generator/lower/plan.js";
import {
  type Device,
  type LowbitOptimizer,
  type ParameterValues,
  TypeScriptDevice,
  toHalf,
} from "../../runtime/index.js";
import { targets } from "../../templates/index.js";
import { Evaluated } from "../peers/evaluated.js";
import { type Instance, instantiate } from "../peers/instance.js";

export function compileOrThrow(text: string): Package {
  const result = compile(text, targets);
  if (result.ok) return result.value;
  throw new Error(
    result.diagnostics.map((diagnostic) => formatDiagnostic("spec.yaml", diagnostic)).join("\n"),
  );
}

/** Values of no pattern in [-1, 1], none of them 0. */
function values(length: number, seed: number): Float32Array {
  let x = seed * 2654435761;
  return Float32Array.from({ length }, () => {
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((x >>> 9) - 2 ** 22 + 0.5) / 2 ** 22;
  });
}

/**
 * Two steps of a package, with each of its pairs of dtypes: evaluator and typescript give the same bits everywhere. On
 * `webgpu`, whose operations may be off by some ulp, every kernel compiles and the first step moves each float32 parameter
 * as far as on typescript, but for 1e-4 of it, and each other one to the same value of 16 bits or to one beside it.
 */
export async function expectAgreement(compiled: Package, webgpu: Device): Promise<void> {
  const instance = await instantiate(compiled);
  for (const dtypes of compiled.plan.dtypes) await expectPairAgreement(compiled, instance, dtypes, webgpu);
}

async function expectPairAgreement(
  compiled: Package,
  { Optimizer }: Instance,
  dtypes: DtypePlan,
  webgpu: Device,
): Promise<void> {
  const { param, grad } = dtypes;
  const sizes = [...new Set([1, 37, ...compiled.plan.variants.map(({ minSize }) => minSize + 33)])];
  // Rows of an odd length: of 37, of 11, of one element.
  const shapeOf = (size: number): number[] => {
    const cols = [37, 11].find((length) => size % length === 0);
    return cols === undefined ? [size] : [size / cols, cols];
  };
  const given = (size: number, seed: number, dtype: Dtype): ParameterValues =>
    dtype === "f32" ? values(size, seed) : toHalf(values(size, seed), dtype, shapeOf(size));
  const gradients = (step: number) =>
    Object.fromEntries(sizes.map((size) => [`t${size}`, given(size, size + step, grad)]));
  const start = () =>
    Object.fromEntries(
      sizes.map((size) => {
        const p = given(size, size, param);
        return [`t${size}`, "dtype" in p ? p : { data: p, shape: shapeOf(size) }] as const;
      }),
    );

  const evaluated = new Evaluated(compiled, start(), { dtypes });
  const device = new TypeScriptDevice();
  const [exact, near] = [device, webgpu].map((on) => new Optimizer(on, start(), { grad })) as [
    LowbitOptimizer<string>,
    LowbitOptimizer<string>,
  ];
  for (const step of [1, 2]) {
    for (const optimizer of [evaluated, exact, near]) optimizer.step(gradients(step));
    const params: Readonly<Record<string, ParameterValues>> = await exact.readParams();
    for (const [name, { p, ...states }] of Object.entries(evaluated.arrays)) {
      expect(storedOf(params[name]!)).toEqual(p);
      expect(await exact.state(name)).toEqual(states);
    }
    const found: Readonly<Record<string, ParameterValues>> = await near.readParams();
    for (const name of step === 1 ? Object.keys(params) : []) {
      const [before, wanted, got] = [start()[name]!, params[name]!, found[name]!].map(storedOf) as [
        Stored,
        Stored,
        Stored,
      ];
      const far = got.findIndex((p, index) => {
        const apart = Math.abs(p - wanted[index]!);
        return param === "f32" ? apart > 1e-4 * Math.abs(wanted[index]! - before[index]!) + 1e-6 : apart > 1;
      });
      expect(far).toBe(-1);
    }
  }
  await webgpu.synchronize();
  exact.dispose();
  near.dispose();
}

type Stored = Float32Array | Uint16Array;

/** float32 values, or codes of 16 bits: neighbours of one sign differ by 1. */
function storedOf(values: Stored | { readonly data: Stored }): Stored {
  return "data" in values ? values.data : values;
}
