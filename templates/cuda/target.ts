import type { Target } from "../../generator/target.js";
import { partials as commonPartials } from "../common/skeletons.js";
import { dialect, fastDialect } from "./dialect.js";
import { partials, skeletons } from "./skeletons.js";

/** NVIDIA GPUs: one source file a package, for nvcc. */
export const cuda: Target = {
  name: "cuda",
  accuracy: { kind: "exact" },
  capabilities: {
    threads: 256,
    chunk: 2048,
    granule: 8,
    // Two accesses of 16 bytes, and one of 8.
    fill: { parameter: 256, codes: 64, most: 16 },
    lanes: 32,
    resident: { usual: 8192, halves: 12288, ahead: { 8: 6144, 16: 8192 }, shaped: 6144, ranked: 10240 },
    steps: true,
  },
  dialect,
  // Products are fused with sums. The CUDA Programming Guide has x/y of -prec-div=false 2 units from the rounded quotient, over
  // the full range, and the PTX ISA has sqrt.approx.f32 within 2^-23 of the root.
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
