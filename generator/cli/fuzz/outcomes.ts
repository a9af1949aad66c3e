import {
  type FloatOp,
  type Fork,
  type Interval,
  type IntervalAccuracy,
  type IntervalRow,
  type IntervalValue,
  intervalRows,
  pointInterval,
} from "../../ir/interval.js";
import { opRow } from "../../ir/ops.js";
import type { Expr, Fragment, Kernel, Variable } from "../../ir/types.js";

/** One way through a fragment: its outputs by name. */
export type Outcome = Readonly<Record<string, IntervalValue>>;

/** Inputs by name to every way through; a number is given as itself. */
export type Outcomes = (given: Readonly<Record<string, IntervalValue>>) => Outcome[];

type Closure = (slots: IntervalValue[]) => IntervalValue;

/** Ways that a fragment may have: one more means that the intervals say nothing any more. */
const MOST_WAYS = 65_536;

/** A fragment of a kernel over intervals, for one step's uniforms. */
export function outcomesOf(
  fragment: Fragment,
  kernel: Kernel,
  uniforms: Readonly<Record<string, number>>,
  accuracy: IntervalAccuracy,
): Outcomes {
  const slotOf = new Map<string, number>();
  for (const { name } of [...kernel.uniforms, ...fragment.inputs, ...fragment.body]) {
    if (!slotOf.has(name)) slotOf.set(name, slotOf.size);
  }
  const slot = ({ name }: Variable): number => slotOf.get(name) as number;
  const ways = new Ways();
  const compiler = new Compiler(kernel, slotOf, intervalRows(accuracy), (count) => ways.take(count));
  const body = fragment.body.map((step) => ({ slot: slot(step), value: compiler.close(step.value) }));
  const slots = new Array<IntervalValue>(slotOf.size).fill(Number.NaN);
  for (const uniform of kernel.uniforms) slots[slot(uniform)] = typedValue(uniform, uniforms[uniform.name]);

  return (given) => {
    for (const input of fragment.inputs) {
      if (given[input.name] !== undefined) slots[slot(input)] = typedValue(input, given[input.name]);
    }
    const outcomes: Outcome[] = [];
    ways.start();
    do {
      for (const step of body) slots[step.slot] = step.value(slots);
      outcomes.push(
        Object.fromEntries(
          fragment.outputs.map((output) => [output.name, slots[slot(output)] as IntervalValue]),
        ),
      );
      if (outcomes.length > MOST_WAYS)
        throw new Error(`kernel ${kernel.name} has too many ways through one element`);
    } while (ways.next());
    return outcomes;
  };
}

function typedValue({ name, type }: Variable, value: IntervalValue | undefined): IntervalValue {
  if (value === undefined) throw new Error(`no value for ${name}`);
  return type === "f32" && typeof value === "number" ? pointInterval(Math.fround(value)) : value;
}

/** Goes through all ways one after the other, the last fork first. */
class Ways {
  #taken: { way: number; readonly ways: number }[] = [];
  #at = 0;

  start(): void {
    this.#taken = [];
    this.#at = 0;
  }

  take(ways: number): number {
    const taken = this.#taken[this.#at] ?? { way: 0, ways };
    this.#taken[this.#at++] = taken;
    return taken.way;
  }

  /** Whether there is another way. */
  next(): boolean {
    this.#at = 0;
    for (let last = this.#taken.at(-1); last !== undefined; last = this.#taken.at(-1)) {
      if (++last.way < last.ways) return true;
      this.#taken.pop();
    }
    return false;
  }
}

class Compiler {
  readonly #slotOf: ReadonlyMap<string, number>;
  readonly #rows: Readonly<Record<FloatOp, IntervalRow>>;
  readonly #tables: ReadonlyMap<string, readonly Interval[]>;
  readonly #fork: Fork;

  constructor(
    kernel: Kernel,
    slotOf: ReadonlyMap<string, number>,
    rows: Readonly<Record<FloatOp, IntervalRow>>,
    fork: Fork,
  ) {
    this.#slotOf = slotOf;
    this.#rows = rows;
    this.#tables = new Map(
      kernel.tables.map(({ name, values }) => [
        name,
        values.map((value) => pointInterval(Math.fround(value))),
      ]),
    );
    this.#fork = fork;
  }

  close(expr: Expr): Closure {
    switch (expr.kind) {
      case "constant": {
        const value = typedValue({ name: "a constant", type: expr.type }, expr.value);
        return () => value;
      }
      case "variable": {
        const slot = this.#slotOf.get(expr.name) as number;
        return (slots) => slots[slot] as IntervalValue;
      }
      case "lookup": {
        const table = this.#tables.get(expr.table) as readonly Interval[];
        const index = this.close(expr.index);
        return (slots) => table[index(slots) as number] as Interval;
      }
      case "op":
        return this.#apply(expr);
    }
  }

  #apply({ op, args }: Extract<Expr, { kind: "op" }>): Closure {
    const [a, b, c] = args.map((argument) => this.close(argument)) as [Closure, Closure, Closure];
    // What is not selected is not followed.
    if (op === "f32.select" || op === "u32.select") return (slots) => (a(slots) !== 0 ? b(slots) : c(slots));
    if (op in this.#rows) {
      const [row, fork] = [this.#rows[op as FloatOp], this.#fork];
      const none = pointInterval(0);
      return args.length === 1
        ? (slots) => row(fork, a(slots) as Interval, none)
        : (slots) => row(fork, a(slots) as Interval, b(slots) as Interval);
    }
    const { evaluate, result } = opRow(op);
    const exact: Closure =
      args.length === 1
        ? (slots) => evaluate(a(slots) as number)
        : (slots) => evaluate(a(slots) as number, b(slots) as number);
    return result === "f32" ? (slots) => pointInterval(exact(slots) as number) : exact;
  }
}
