import type { Expr, Fragment, Let, Table } from "../ir/types.js";
import { namesIn } from "../ir/uses.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName } from "../print/index.js";

/**
 * A part of a fragment that ends where entries of a large table are looked up, for many elements at once. What later
 * stages need of it is kept in arrays.
 */
export interface StageView {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly loads: readonly KeptView[];
  readonly lines: readonly string[];
  readonly stores: readonly KeptView[];
  /** Arrays that are filled at its end. */
  readonly kept: readonly KeptView[];
  readonly search: SearchView | null;
}

interface KeptView {
  readonly name: string;
  readonly array: string;
  readonly isFloat: boolean;
  readonly isIndex: boolean;
}

/** The table, and the arrays of the indices and of what is found. */
interface SearchView {
  readonly table: string;
  readonly at: string;
  readonly found: string;
}

interface Stage {
  readonly body: Let[];
  search: Lookup | null;
}

type Lookup = Extract<Expr, { kind: "lookup" }>;

/** One stage where no table has more than so many entries, or a later one would need the fragment's inputs again. */
export function stagesOf(
  fragment: Fragment | null,
  tables: readonly Table[],
  entries: number | undefined,
  dialect: Dialect,
): StageView[] {
  if (fragment === null) return [];
  const stages = cut(fragment, isAbove(entries, tables));
  const inputs = new Set(fragment.inputs.map(({ name }) => name));
  const isCut = stages.every(
    ({ body, search }, index) =>
      (index === 0 || !read(body).some((name) => inputs.has(name))) &&
      (search === null || body.some(({ name }) => name === indexOf(search))),
  );
  return viewsOf(isCut ? stages : [{ body: [...fragment.body], search: null }], dialect);
}

/** A fragment that begins with looking up a code in a large table: that, and the rest of it. */
export interface AheadView extends SearchView {
  readonly entry: string;
  readonly lines: readonly string[];
}

/** Null where it does not begin so. */
export function lookupAhead(
  fragment: Fragment | null,
  tables: readonly Table[],
  entries: number | undefined,
  dialect: Dialect,
): AheadView | null {
  const [first, second, ...others] = fragment === null ? [] : cut(fragment, isAbove(entries, tables));
  if (first?.search == null || second === undefined || first.body.length + others.length > 0) return null;
  const lines = printFragment({ inputs: [], body: second.body, outputs: [] }, dialect);
  return { ...searchView(first.search), entry: entryOf(first.search), lines };
}

function isAbove(entries = Number.POSITIVE_INFINITY, tables: readonly Table[]) {
  return ({ table }: Lookup): boolean =>
    tables.some(({ name, values }) => name === table && values.length > entries);
}

function cut({ body }: Fragment, isLarge: (lookup: Lookup) => boolean): Stage[] {
  const stages: Stage[] = [{ body: [], search: null }];
  for (const step of body) {
    const found = lookupIn(step.value, isLarge);
    const last = stages.at(-1) as Stage;
    if (found === null) last.body.push(step);
    else {
      last.search = found;
      stages.push({ body: [{ ...step, value: replaced(step.value, found) }], search: null });
    }
  }
  return stages;
}

/** The lookup in a large table whose index is a variable, if there is one. */
function lookupIn(expr: Expr, isLarge: (lookup: Lookup) => boolean): Lookup | null {
  if (expr.kind === "lookup" && expr.index.kind === "variable" && isLarge(expr)) return expr;
  const parts = expr.kind === "op" ? expr.args : expr.kind === "lookup" ? [expr.index] : [];
  for (const part of parts) {
    const found = lookupIn(part, isLarge);
    if (found !== null) return found;
  }
  return null;
}

function replaced(expr: Expr, lookup: Lookup): Expr {
  if (expr === lookup) return { kind: "variable", type: lookup.type, name: entryOf(lookup) };
  return expr.kind === "op" ? { ...expr, args: expr.args.map((arg) => replaced(arg, lookup)) } : expr;
}

const entryOf = ({ table }: Lookup): string => `${table}_entry`;

function read(body: readonly Let[]): string[] {
  const own = new Set(body.map(({ name }) => name));
  return [...new Set(body.flatMap(({ value }) => namesIn(value)))].filter((name) => !own.has(name));
}

function viewsOf(stages: readonly Stage[], dialect: Dialect): StageView[] {
  const arrays = new Map<string, KeptView>();
  const keep = (name: string, array: string, isFloat: boolean, isIndex: boolean): void => {
    arrays.set(name, { name: printName(name, dialect), array, isFloat, isIndex });
  };
  for (const { body, search } of stages) {
    for (const { name, type } of body) keep(name, `${name}_kept`, type === "f32", false);
    if (search === null) continue;
    const { at, found } = searchView(search);
    keep(indexOf(search), at, false, true);
    keep(entryOf(search), found, true, false);
  }
  const needs = stages.map(({ body }) => read(body));
  return stages.map(({ body, search }, index): StageView => {
    const later = new Set(needs.slice(index + 1).flat());
    const kept = body.filter(({ name }) => later.has(name) || (search !== null && name === indexOf(search)));
    const stores = kept.map(({ name }) => arrays.get(name) as KeptView);
    const entry = search === null ? [] : [arrays.get(entryOf(search)) as KeptView];
    return {
      isFirst: index === 0,
      isLast: index === stages.length - 1,
      loads: index === 0 ? [] : (needs[index] as string[]).flatMap((name) => arrays.get(name) ?? []),
      lines: printFragment({ inputs: [], body, outputs: [] }, dialect),
      stores,
      kept: [...stores, ...entry],
      search: search === null ? null : searchView(search),
    };
  });
}

function searchView({ table }: Lookup): SearchView {
  return { table, at: `${table}_at`, found: `${table}_found` };
}

function indexOf({ index }: Lookup): string {
  if (index.kind !== "variable")
    throw new Error("defect in the generator: a large table is looked up by no name");
  return index.name;
}
