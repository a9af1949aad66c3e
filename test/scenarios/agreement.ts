import { expect } from "vitest";
import { formatDiagnostic } from "../../generator/diagnostics.js";
import { compile, type Package } from "../../generator/index.js";
import { type Device, TypeScriptDevice } from "../../runtime/index.js";
import { targets } from "../../templates/index.js";
import { Evaluated } from "../peers/evaluated.js";
import { instantiate } from "../peers/instance.js";

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

function valuesOf(given: Float32Array | { readonly data: Float32Array }): Float32Array {
  return given instanceof Float32Array ? given : given.data;
}

/**
 * Two steps of a package: evaluator and typescript give the same bits everywhere. On `webgpu`, whose operations may
 * be off by some ulp, every kernel compiles and the first step moves each parameter as far as on typescript, but for
 * 1e-4 of it.
 */
export async function expectAgreement(compiled: Package, webgpu: Device): Promise<void> {
  const { Optimizer } = await instantiate(compiled);
  const sizes = [...new Set([1, 37, ...compiled.plan.variants.map(({ minSize }) => minSize + 33)])];
  // Rows of an odd length: of 37, of 11, of one element.
  const shapeOf = (size: number): number[] =>
    [37, 11]
      .filter((cols) => size % cols === 0)
      .slice(0, 1)
      .flatMap((cols) => [size / cols, cols]);
  const start = () =>
    Object.fromEntries(
      sizes.map((size) => {
        const shape = shapeOf(size);
        const data = values(size, size);
        return [`t${size}`, shape.length === 0 ? data : { data, shape }];
      }),
    );
  const grads = (step: number) =>
    Object.fromEntries(sizes.map((size) => [`t${size}`, values(size, size + step)]));

  const evaluated = new Evaluated(compiled, start());
  const device = new TypeScriptDevice();
  const [exact, near] = [new Optimizer(device, start()), new Optimizer(webgpu, start())];
  for (const step of [1, 2]) {
    for (const optimizer of [evaluated, exact, near]) optimizer.step(grads(step));
    const params = await exact.readParams();
    for (const [name, { p, ...states }] of Object.entries(evaluated.arrays)) {
      expect(params[name]).toEqual(p);
      expect(await exact.state(name)).toEqual(states);
    }
    const start0 = start();
    const found = await near.readParams();
    for (const name of step === 1 ? Object.keys(params) : []) {
      const moved = params[name]!.map((p, index) => Math.abs(p - valuesOf(start0[name]!)[index]!));
      const apart = params[name]!.map((p, index) => Math.abs(p - found[name]![index]!));
      expect(apart.findIndex((distance, index) => distance > 1e-4 * moved[index]! + 1e-6)).toBe(-1);
    }
  }
  await webgpu.synchronize();
  exact.dispose();
  near.dispose();
}
