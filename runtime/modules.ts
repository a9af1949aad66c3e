import type { KernelModules, OptimizerDescriptor } from "./descriptor.js";
import { LowbitError } from "./errors.js";

/** The kernels of a generated package for one device API. */
export function moduleFor<Kind extends keyof KernelModules>(
  { name, modules }: OptimizerDescriptor,
  kind: Kind,
): NonNullable<KernelModules[Kind]> {
  const module = modules[kind];
  if (module === undefined)
    throw new LowbitError(
      "no-kernels",
      `${name} was generated without ${kind} kernels (it has ${Object.keys(modules).join(", ") || "none"}): ` +
        `generate it with that target, or open another device`,
    );
  return module;
}

export function kernelNamed<Kernel>(kernels: Readonly<Record<string, Kernel>>, name: string): Kernel {
  const kernel = kernels[name];
  if (kernel === undefined)
    throw new LowbitError("descriptor", `the generated module has no kernel ${JSON.stringify(name)}`);
  return kernel;
}
