import type { TableCodec } from "../../../lower/plan.js";
import { ExactTable } from "./exact.js";

/** Values to the grid, from 0 to 1: softsign and square root (FlashOptim), mu-law with mu = 255 (ITU-T G.711). */
const compress: Readonly<Record<NonNullable<TableCodec["compand"]>, (n: number) => number>> = {
  none: (n) => n,
  softsign: (n) => (2 * n) / (1 + n),
  sqrt: Math.sqrt,
  "mu-law": (n) => Math.log1p(255 * n) / Math.log(256),
};

/** float64 puts a value nowhere nearer than this, in steps of the grid. */
const DOUBT = 1e-9;

/** A table whose nearest level is the nearest on a uniform grid, after the transform. */
export class CompandedTable extends ExactTable {
  readonly #position: (n: number) => number;

  constructor(levels: readonly number[], signed: boolean, compand: NonNullable<TableCodec["compand"]>) {
    super(levels);
    const steps = signed ? (levels.length - 1) / 2 : levels.length - 1;
    const least = signed ? -steps : 0;
    this.#position = (n) => Math.sign(n) * compress[compand](Math.abs(n)) * steps - least;
  }

  override nearest(n: number): readonly number[] {
    const last = this.levels.length - 1;
    if (!(n > (this.levels[0] as number))) return [0];
    if (n >= (this.levels[last] as number)) return [last];
    const position = this.#position(n);
    const [low, high] = [Math.floor(position + 0.5 - DOUBT), Math.floor(position + 0.5 + DOUBT)];
    return low === high ? [low] : [low, high];
  }

  override isMiddle(n: number): boolean {
    return this.nearest(n).length > 1;
  }
}
