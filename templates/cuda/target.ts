import type { Target } from "../../generator/target.js";
import { partials as commonPartials } from "../common/skeletons.js";
import { dialect } from "./dialect.js";
import { partials, skeletons } from "./skeletons.js";

/** With `math: fast` all operations are near. */
const { near: _, reciprocal: __, ...fastDialect } = dialect;

/** NVIDIA GPUs: one source file a package, for nvcc. */
export const cuda: Target = {
  name: "cuda",
  accuracy: { kind: "exact" },
  capabilities: {
    threads: 256,
    fewest: 128,
    shared: 16_384,
    granule: 8,
    // Two accesses of 16 bytes, and one of 8.
    fill: { parameter: 256, codes: 64, most: 16 },
    lanes: 32,
    resident: {
      usual: 8192,
      halves: 12288,
      ahead: { "128x8": 5120, "256x8": 6144, "128x16": 8192, "256x16": 8192 },
      shaped: { measure: 6144, step: 3072, halves: 4096 },
      ranked: 12288,
    },
    // As measured (bench/): the more, the less often tables are copied; the fewer, the closer lies what is read at a time. Two
    // panels, whose tables are small; with 16 bits the second one's first rows are on their way while the first is computed.
    share: { busy: 16, tabled: 4, plain: 2, panels: 2 },
    panel: {
      cols: 128,
      ahead: { usual: { bytes: 28_672, rounds: 4 }, half: { bytes: 35_840, rounds: 7 } },
      shared: 49_152,
    },
    steps: true,
    sums: true,
  },
  dialect,
  // Products are fused with sums. The CUDA Programming Guide has x/y of -prec-div=false, over the full range, and __fdividef 2
  // units from the rounded quotient, and the PTX ISA has sqrt.approx.f32 within 2^-23 of the root.
  fast: { accuracy: { kind: "ulp", division: 2.5, squareRoot: 2 }, dialect: fastDialect },
  skeletons,
  partials: { ...commonPartials, ...partials },
  kernel: { skeletons: { measure: "kernel", step: "kernel", sweep: "sweep", fold: "fold" }, path: null },
  packages: [
    { skeleton: "kernels", path: "cuda/kernels.cu" },
    { skeleton: "module", path: "cuda/kernels.ts" },
    { skeleton: "module.d", path: "cuda/kernels.d.ts" },
  ],
  module: { api: "cuda", path: "cuda/kernels.ts" },
  codecs: null,
};
