import type { Fragment } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName } from "../print/index.js";

/**
 * Codes of 8 bits that are the highest of sums, which need not be moved down to be packed: bytes are taken from where they are.
 * Null where a code is no such byte.
 */
export function highestBytes(
  encode: Fragment | null,
  state: string,
  bits: number,
  words: number,
  dialect: Dialect,
) {
  const last = encode?.body.at(-1);
  if (encode === null || last?.value.kind !== "op" || bits !== 8 || !Number.isInteger(words)) return null;
  const [sum, places] = last.value.args;
  if (last.name !== encode.outputs[0]?.name || last.value.op !== "u32.shr" || sum === undefined) return null;
  if (places?.kind !== "constant" || places.value !== 24) return null;
  const name = `${state}_sum`;
  return {
    lines: printFragment(
      { ...encode, body: [...encode.body.slice(0, -1), { ...last, name, value: sum }] },
      dialect,
    ),
    name: printName(name, dialect),
  };
}
