import type { MappingSpec } from "../../spec/schema.js";
import type { DiagnosticCode } from "../diagnostics.js";
import { floatValues } from "../lower/float-format.js";
import type { Path } from "../parse/source.js";
import { tableFlaw } from "./tables.js";

export interface MappingFlaw {
  readonly code: DiagnosticCode;
  /** Below the state. */
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
}

/** What keeps a mapping from giving levels of so many bits, with or without a sign. */
export function mappingFlaw(
  state: string,
  mapping: MappingSpec,
  bits: number,
  signed: boolean,
): MappingFlaw | undefined {
  if (bits === 1 && signed && needsZero(mapping)) {
    const message = `${state} has one signed bit: two levels, and its mapping needs one for zero and one for each sign`;
    const remedy = `give ${state} 2 bits or more, or mapping: linear (-1 and 1)`;
    return { code: "E404", path: ["bits"], message, remedy };
  }
  if (typeof mapping !== "object") return undefined;
  if ("dynamic" in mapping && !mapping.dynamic.zero) return dynamicFlaw(state, bits, signed);
  if ("float" in mapping) return floatFlaw(state, mapping.float, bits, signed);
  if (!("table" in mapping)) return undefined;
  const flaw = tableFlaw(mapping.table, bits, signed);
  if (flaw === undefined) return undefined;
  const path = ["mapping", "table", ...(flaw.index === undefined ? [] : [flaw.index])];
  return { code: "E403", path, message: `the table of ${state} ${flaw.found}`, remedy: flaw.remedy };
}

function needsZero(mapping: MappingSpec): boolean {
  if (typeof mapping === "string") return mapping === "dynamic";
  return "dynamic" in mapping || "compand" in mapping || ("linear" in mapping && mapping.linear.zero);
}

/** Without zero: of levels on both sides of it none is as good for what lies between the least two. */
function dynamicFlaw(state: string, bits: number, signed: boolean): MappingFlaw | undefined {
  if (signed) {
    return {
      code: "E404",
      path: ["mapping", "dynamic", "zero"],
      message: `${state} is signed, and a signed dynamic map has a level for zero`,
      remedy: "zero: true, or signed: false",
    };
  }
  if (bits > 1) return undefined;
  return {
    code: "E404",
    path: ["bits"],
    message: `${state} has one bit, and a dynamic map of one bit has the levels 0 and 1: without zero nothing is told apart`,
    remedy: `give ${state} 2 bits or more, or zero: true`,
  };
}

type FloatSpec = Extract<MappingSpec, { float: unknown }>["float"];

function floatFlaw(state: string, format: FloatSpec, bits: number, signed: boolean): MappingFlaw | undefined {
  const { exponent, largest } = format;
  const left = signed ? bits - 1 : bits;
  if (exponent > left) {
    const rest = left === 0 ? "nothing is" : left === 1 ? "1 is" : `${left} are`;
    return {
      code: "E404",
      path: ["mapping", "float", "exponent"],
      message: `${state} has ${bits} ${bits === 1 ? "bit" : "bits"}${signed ? " with a sign" : ""}: ${rest} left for the exponent, which has ${exponent}`,
      remedy: left === 0 ? `give ${state} 2 bits or more` : `exponent: 1 to ${Math.min(left, 6)}`,
    };
  }
  if (largest === undefined) return undefined;
  const values = floatValues(format, bits, signed).slice(1);
  if (values.includes(largest)) return undefined;
  const near = values.toSorted((a, b) => Math.abs(a - largest) - Math.abs(b - largest)).slice(0, 2);
  return {
    code: "E404",
    path: ["mapping", "float", "largest"],
    message: `${largest} is no positive value of the float of ${state}`,
    remedy: `the nearest are ${near.sort((a, b) => a - b).join(" and ")}; leave largest out for ${values.at(-1)}, the greatest`,
  };
}
