import type { Expr, Let } from "../../generator/ir/types.js";

/** Near operations as the PTX ISA lets them be, and what is rounded once. */

const { fround } = Math;

const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

/** a * b + c for float32s, rounded once: to an odd last bit of a double first, where it is not exact there. */
export function fused(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const from = sum - product;
  const rest = product - (sum - from) + (c - from);
  double[0] = sum;
  const last = bits[0] as bigint;
  if (rest !== 0 && (last & 1n) === 0n) bits[0] = last + (rest > 0 === sum > 0 ? 1n : -1n);
  return fround(double[0] as number);
}

/** The float32s at most so far from x, by its neighbours. */
function near(x: number, distance: number, choice: number): number {
  const spacing = 2 ** Math.max(Math.floor(Math.log2(Math.abs(x))) - 23, -149);
  const candidates = [-2, -1, 0, 1, 2]
    .map((steps) => fround(fround(x) + steps * spacing))
    .filter((candidate) => Math.abs(candidate - x) <= distance);
  return candidates[choice % candidates.length] ?? fround(x);
}

/** Whatever a GPU may find: `choose` says which of what is near enough. */
export class NearEvaluation {
  private readonly values: Map<string, number>;
  private readonly divisors: ReadonlySet<string>;
  private readonly choose: () => number;

  constructor(given: ReadonlyMap<string, number>, divisors: ReadonlySet<string>, choose: () => number) {
    this.values = new Map(given);
    this.divisors = divisors;
    this.choose = choose;
  }

  run(body: readonly Let[]): void {
    for (const { name, value } of body) this.values.set(name, this.of(value));
  }

  get(name: string): number {
    return this.values.get(name) ?? Number.NaN;
  }

  private of(expr: Expr): number {
    if (expr.kind === "constant") return expr.value;
    if (expr.kind === "variable") return this.get(expr.name);
    if (expr.kind === "lookup") throw new Error("an update looks nothing up");
    const [a = 0, b = 0, c = 0] = expr.args.map((part) => this.of(part));
    const divisor = expr.args[1];
    switch (expr.op) {
      case "f32.div": {
        if (divisor?.kind === "variable" && this.divisors.has(divisor.name)) return fround(a * fround(1 / b));
        const ulp = 2 ** (Math.floor(Math.log2(Math.abs(1 / b))) - 23);
        return fround(a * near(1 / b, ulp, this.choose()));
      }
      case "f32.sqrt": {
        if (a < 2 ** -126) return 0;
        return near(Math.sqrt(a), Math.sqrt(a) * 2 ** -23, this.choose());
      }
      case "f32.add":
        return fround(a + b);
      case "f32.sub":
        return fround(a - b);
      case "f32.mul":
        return fround(a * b);
      case "f32.neg":
        return -a;
      case "f32.abs":
        return Math.abs(a);
      case "f32.gt":
        return a > b ? 1 : 0;
      case "f32.select":
        return a !== 0 ? b : c;
      default:
        throw new Error(`${expr.op} is in no enclosure that this test knows`);
    }
  }
}
