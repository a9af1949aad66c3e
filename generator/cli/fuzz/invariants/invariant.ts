import type fc from "fast-check";
import type { Codec, StreamKeys } from "../../../../runtime/index.js";
import type { CodecPlan } from "../../../lower/plan.js";

/** One state's codec: the plan's and the generated one. */
export interface CodecSubject<Plan extends CodecPlan = CodecPlan> {
  readonly state: string;
  readonly plan: Plan;
  readonly codec: Codec;
}

/** A property that every codec must have to which it applies. */
export interface Invariant {
  /** One word or two, with - between: part of what repeats a failure. */
  readonly name: string;
  /** What holds, as a sentence's end: "is encoded to itself". */
  readonly claim: string;
  readonly property: fc.IProperty<unknown> | fc.IRawProperty<unknown>;
}

/** Thrown by a property that does not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export function expectThat(holds: boolean, message: () => string): void {
  if (!holds) throw new Violation(message());
}

export function keysOf(seed: number): StreamKeys {
  return { key0: seed >>> 0, key1: Math.imul(seed, 0x9e3779b9) >>> 0, id: (seed ^ 0x85ebca6b) >>> 0 };
}
