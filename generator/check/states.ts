import type { OptimizerSpec, StateSpec } from "../../spec/schema.js";
import type { Diagnostic, DiagnosticCode } from "../diagnostics.js";
import type { Path, Source } from "../parse/source.js";

/** Each state's codec fits its bits, its sign and itself. */
export function stateDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  return Object.entries(spec.states ?? {}).flatMap(([name, state]) => {
    const at = (code: DiagnosticCode, key: string, message: string, remedy: string): Diagnostic => {
      const path: Path = ["states", name, key];
      return { code, position: key in state ? source.key(path) : source.key(["states", name]), message, remedy };
    };
    return state.bits >= 16 ? plainState(name, state, at) : quantizedState(name, state, at);
  });
}

type At = (code: DiagnosticCode, key: string, message: string, remedy: string) => Diagnostic;

function plainState(name: string, state: StateSpec, at: At): Diagnostic[] {
  const codecKeys = (["mapping", "normalize", "scale"] as const).filter((key) => state[key] !== undefined);
  const unused = codecKeys.map((key) =>
    at("E402", key, `${name} has ${state.bits} bits and a ${key}`, `remove ${key}, or give ${name} 1 to 8 bits`),
  );
  if (state.bits === 32 && state.rounding === "stochastic") {
    unused.push(at("E402", "rounding", `${name} has 32 bits and stochastic rounding`, "float32 states are not rounded: remove rounding"));
  }
  if (state.bits === 32 && state.min_size !== undefined) {
    unused.push(at("E402", "min_size", `${name} has 32 bits and a min_size`, "float32 is what small tensors keep: remove min_size"));
  }
  return unused;
}

function quantizedState(name: string, state: StateSpec, at: At): Diagnostic[] {
  const examples = { signed: "true or false", mapping: "dynamic, linear, ...", normalize: "{ block: 128 }, tensor, ..." };
  const absent = (["signed", "mapping", "normalize"] as const)
    .filter((key) => state[key] === undefined)
    .map((key) => at("E401", key, `${name} has ${state.bits} bits and no ${key}`, `add ${key}: ${examples[key]}`));
  const { mapping, bits, signed } = state;
  if (mapping === undefined || signed === undefined) return absent;

  const withZero = typeof mapping === "object" && "linear" in mapping && mapping.linear.zero;
  if (bits === 1 && signed && (mapping === "dynamic" || withZero)) {
    const message = `${name}: one signed bit has no level for zero beside one for each sign`;
    return [...absent, at("E404", "bits", message, "give it 2 bits or more, or mapping: linear")];
  }
  if (typeof mapping === "object" && "table" in mapping) return [...absent, ...tableDiagnostics(name, mapping.table, bits, signed, at)];
  return absent;
}

function tableDiagnostics(name: string, table: readonly number[], bits: number, signed: boolean, at: At): Diagnostic[] {
  const wrong = (message: string, remedy: string): Diagnostic[] => [at("E403", "mapping", `the table of ${name} ${message}`, remedy)];
  const levels = table.map(Math.fround);
  if (levels.length !== 2 ** bits) return wrong(`has ${table.length} levels`, `${bits} bits take ${2 ** bits} levels`);
  const low = signed ? -1 : 0;
  const outside = table.find((level) => !(level >= low && level <= 1));
  if (outside !== undefined) return wrong(`has the level ${outside}`, `levels lie in [${low}, 1]: values are divided by their scale`);
  const step = levels.findIndex((level, index) => index > 0 && !(level > (levels[index - 1] as number)));
  if (step > 0) return wrong(`has ${table[step]} after ${table[step - 1]}`, "levels ascend, and differ as float32");
  if (!levels.some((level) => level > 0)) return wrong("has no level above 0", "end the table with 1");
  return [];
}
