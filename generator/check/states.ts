import type { OptimizerSpec, StateSpec } from "../../spec/schema.js";
import type { Diagnostic, DiagnosticCode } from "../diagnostics.js";
import type { Path, Source } from "../parse/source.js";
import { logDiagnostics } from "./logs.js";
import { mappingFlaw } from "./mappings.js";

/** Each state's codec fits its bits, its sign and itself. */
export function stateDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  const ofEach = Object.entries(spec.states ?? {}).flatMap(([name, state]) => {
    const wrong = (code: DiagnosticCode, path: Path, message: string, remedy: string): Diagnostic => ({
      code,
      position: source.key(["states", name, ...path]),
      message,
      remedy,
    });
    if (state.shape !== undefined && state.shape !== "element" && state.bits !== 32) {
      const message = `${name} is one value a ${state.shape === "col" ? "column" : state.shape} and has ${state.bits} bits`;
      return [wrong("E402", ["shape"], message, `give ${name} 32 bits: it is small; or leave out its shape`)];
    }
    return state.bits >= 16 ? plainState(name, state, wrong) : quantizedState(name, state, wrong);
  });
  return [...ofEach, ...logDiagnostics(spec.states ?? {}, source)];
}

/** A diagnostic at a key of a state, or at the state's name. */
type Wrong = (code: DiagnosticCode, path: Path, message: string, remedy: string) => Diagnostic;

function plainState(name: string, state: StateSpec, wrong: Wrong): Diagnostic[] {
  const { bits, rounding, min_size } = state;
  const idle: string[] = (["mapping", "normalize", "scale"] as const).filter(
    (key) => state[key] !== undefined,
  );
  if (bits === 32 && rounding === "stochastic") idle.push("rounding");
  if (bits === 32 && min_size !== undefined) idle.push("min_size");
  const [first] = idle;
  if (first === undefined) return [];
  const stored = bits === 16 ? "only rounded to bfloat16" : "stored as it is";
  const message = `${name} has ${bits} bits and is ${stored}, but has ${listOf(idle)}`;
  const fewer = first === "rounding" || first === "min_size" ? "16 bits or fewer" : "1 to 8 bits";
  return [wrong("E402", [first], message, `remove ${listOf(idle)}, or give ${name} ${fewer}`)];
}

function quantizedState(name: string, state: StateSpec, wrong: Wrong): Diagnostic[] {
  const { mapping, bits, signed } = state;
  const examples = {
    signed: "signed: true or false",
    mapping: "mapping: dynamic, linear or another",
    normalize: "normalize: { block: 128 } or another",
  };
  const absent = (["signed", "mapping", "normalize"] as const).filter((key) => state[key] === undefined);
  if (absent.length > 0) {
    const message = `${name} has ${bits} bits and no ${listOf(absent, "or")}`;
    const remedy = `add ${absent.map((key) => examples[key]).join("; ")}; or give ${name} 16 or 32 bits`;
    return [wrong("E401", [], message, remedy)];
  }
  if (mapping === undefined || signed === undefined) return [];

  const flaw = mappingFlaw(name, mapping, bits, signed);
  return flaw === undefined ? [] : [wrong(flaw.code, flaw.path, flaw.message, flaw.remedy)];
}

function listOf(words: readonly string[], conjunction = "and"): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}
