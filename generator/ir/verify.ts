import { opRow } from "./ops.js";
import type { Expr, Fragment, Kernel, Scalar, Variable } from "./types.js";

/** Throws where a kernel is not well formed: a defect of the compiler, never of a spec. */
export function verify(kernel: Kernel): Kernel {
  const given = new Set<string>();
  for (const fragment of fragmentsOf(kernel)) {
    for (const { name } of fragment.body) {
      if (given.has(name)) throw defect(kernel, `${name} is given twice`);
      given.add(name);
    }
    verifyFragment(fragment, kernel);
  }
  if (kernel.kind === "fold" || kernel.kind === "sweep") return kernel;
  if (kernel.tile % kernel.granule !== 0)
    throw defect(kernel, `a tile of ${kernel.tile} splits a granule of ${kernel.granule}`);
  for (const { name, statistic } of kernel.states) {
    if (statistic === null) continue;
    const { run, source, half } = statistic;
    const unit = typeof run === "string" ? Number.POSITIVE_INFINITY : run * (half === null ? 1 : 2);
    if (source === "tile" && kernel.tile % unit !== 0) {
      throw defect(kernel, `a tile of ${kernel.tile} splits a run of ${name}, or the word of its scale`);
    }
    if (source === "global" && half !== null)
      throw defect(kernel, `the scale of ${name} is published in 16 bits`);
    if (source === "global" && statistic.spread !== null)
      throw defect(kernel, `the quantiles of ${name} are not measured in a tile`);
  }
  return kernel;
}

export function fragmentsOf(kernel: Kernel): Fragment[] {
  const stored = [...kernel.states, kernel.parameter, kernel.gradient];
  const ofState = stored.flatMap(({ decode, encode, statistic, stream, locate, unpack, pack }) => [
    decode,
    encode,
    statistic?.magnitude ?? null,
    statistic?.scale ?? null,
    ...(statistic?.half ? Object.values(statistic.half) : []),
    statistic?.spread?.order.key ?? null,
    statistic?.spread?.order.keyed ?? null,
    statistic?.spread?.rank ?? null,
    statistic?.spread?.alpha ?? null,
    statistic?.spread?.rate ?? null,
    statistic?.spread?.positions?.rest ?? null,
    stream,
    locate,
    unpack,
    pack,
  ]);
  return [...ownFragments(kernel), ...ofState].filter((fragment) => fragment !== null);
}

function ownFragments(kernel: Kernel): Fragment[] {
  if (kernel.kind === "sweep") return [kernel.terms];
  return kernel.kind === "fold" ? [kernel.terms, kernel.finish] : [kernel.update];
}

function verifyFragment(fragment: Fragment, kernel: Kernel): void {
  const scope = new Map<string, Scalar>();
  for (const { name, type } of [...kernel.uniforms, ...fragment.inputs]) scope.set(name, type);
  for (const { name, type, value } of fragment.body) {
    const found = typeOf(value, scope, kernel);
    if (found !== type) throw defect(kernel, `${name} is ${type} and given a ${found}`);
    if (scope.has(name)) throw defect(kernel, `${name} is given twice`);
    scope.set(name, type);
  }
  for (const output of fragment.outputs) expectVariable(output, scope, kernel);
}

function typeOf(expr: Expr, scope: ReadonlyMap<string, Scalar>, kernel: Kernel): Scalar {
  switch (expr.kind) {
    case "constant":
      if (Number.isNaN(expr.value)) throw defect(kernel, "a constant is not a number");
      return expr.type;
    case "variable":
      return expectVariable(expr, scope, kernel);
    case "lookup":
      expectTable(expr.table, expr.type, kernel);
      if (typeOf(expr.index, scope, kernel) !== "u32")
        throw defect(kernel, `an index of ${expr.table} is not u32`);
      return expr.type;
    case "op": {
      const { args, result } = opRow(expr.op);
      const found = expr.args.map((argument) => typeOf(argument, scope, kernel));
      if (found.join() !== args.join())
        throw defect(kernel, `${expr.op} takes (${args.join()}), given (${found.join()})`);
      return result;
    }
  }
}

function expectVariable(
  { name, type }: Variable,
  scope: ReadonlyMap<string, Scalar>,
  kernel: Kernel,
): Scalar {
  const found = scope.get(name);
  if (found !== type) throw defect(kernel, `${name} is used as ${type} and is ${found ?? "not defined"}`);
  return type;
}

function expectTable(name: string, type: Scalar, kernel: Kernel): void {
  if (!kernel.tables.some((table) => table.name === name && table.type === type)) {
    throw defect(kernel, `there is no table ${name} of ${type}`);
  }
}

function defect(kernel: Kernel, message: string): Error {
  return new Error(`defect in the generator: kernel ${kernel.name}: ${message}`);
}
