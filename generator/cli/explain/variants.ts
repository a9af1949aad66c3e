import { build } from "../../build/index.js";
import { memoryOfStates } from "../../lower/memory.js";
import type { Extent, PassPlan, Plan, VariantPlan } from "../../lower/plan.js";
import { columns, section } from "../text.js";
import { passBytes } from "./dtypes.js";

/** How tensors are kept by their size, and what each pass over them reads and writes. */
export function variantPages(plan: Plan): string[] {
  return [
    section("Kept by size of the tensor", sizeLines(plan)),
    section("Passes of a step, bytes a parameter", passLines(plan)),
  ];
}

function sizeLines({ variants }: Plan): string[] {
  const rows = variants.map((variant, index) => [
    sizesOf(variant, variants[index - 1]),
    variant.states.map(({ name, codec }) => `${name} ${codec.bits} bits`).join(", ") || "no states",
    `${memoryOfStates(variant)} bytes a parameter`,
  ]);
  return columns(rows);
}

function sizesOf({ minSize, minRank }: VariantPlan, larger: VariantPlan | undefined): string {
  if (minRank > 0) return `${minSize} elements and more, two dimensions and more`;
  if (larger !== undefined && larger.minRank > 0) return `${minSize} elements and more, one dimension`;
  if (larger === undefined) return minSize === 0 ? "any size" : `${minSize} elements and more`;
  return minSize === 0 ? `fewer than ${larger.minSize}` : `${minSize} to ${larger.minSize - 1}`;
}

function passLines(plan: Plan): string[] {
  const kernels = build(plan);
  const rows = plan.dtypes.flatMap((dtypes) =>
    plan.variants.flatMap(({ passes, tile, granule }) =>
      passes.map((pass) => {
        const { read, written } = passBytes(pass, dtypes, plan, kernels);
        return [
          `${pass.kernel}${dtypes.suffix}`,
          read.toFixed(3),
          written.toFixed(3),
          (read + written).toFixed(3),
          String(tile),
          String(granule),
          doingOf(pass),
        ];
      }),
    ),
  );
  const head = ["kernel", "read", "written", "moved", "workgroup", "thread", "does"];
  return [
    ...columns([head, ...rows], [1, 2, 3, 4, 5]),
    "",
    "workgroup and thread: elements that one of them owns, whole words and whole blocks.",
  ];
}

function doingOf(pass: PassPlan): string {
  if (pass.kind === "sweep")
    return `reduces elements to parts of rows and columns, in squares of ${pass.cut}`;
  if (pass.kind === "fold")
    return `reduces ${termsOf(pass.from)} to ${pass.to.per > 1 ? `sums of ${pass.to.per}` : nameOf[pass.to.shape]}`;
  const { kind, tileStates, globalStates } = pass;
  if (kind === "measure") return `measures ${globalStates.join(", ")} over each tensor`;
  return tileStates.length > 0
    ? `updates, measures ${tileStates.join(", ")} and writes`
    : "updates and writes";
}

function termsOf({ shape, per, cut }: Extent): string {
  if (cut !== undefined) return `parts of ${nameOf[shape]}`;
  return per > 1 ? "sums of sums" : nameOf[shape];
}

const nameOf = {
  element: "elements",
  row: "rows",
  col: "columns",
  matrix: "matrices",
  tensor: "the tensor",
} as const;
