import type { Target } from "../../generator/target.js";
import { partials as commonPartials } from "../common/skeletons.js";
import { dialect } from "./dialect.js";
import { partials, skeletons } from "./skeletons.js";

/** Processors: one C++ source file a package, written in vectors of whatever width it is compiled for. */
export const cpu: Target = {
  name: "cpu",
  accuracy: { kind: "exact" },
  capabilities: {
    threads: 1,
    granule: 32,
    lanes: 0,
    stretch: 128,
    entries: 256,
    scattered: 64,
  },
  dialect,
  // Products are fused with sums; division and root are the processor's own, rounded once.
  fast: { accuracy: { kind: "ulp", division: 0.5, squareRoot: 0.5 }, dialect },
  skeletons,
  partials: { ...commonPartials, ...partials },
  kernel: { skeletons: { measure: "kernel", step: "kernel", sweep: "sweep", fold: "fold" }, path: null },
  packages: [
    { skeleton: "source", path: "cpu/kernels.cpp" },
    { skeleton: "codes", path: "cpu/codes.h" },
    { skeleton: "tables", path: "cpu/tables.h" },
    { skeleton: "tensors", path: "cpu/tensors.h" },
    { skeleton: "vectors", path: "cpu/vectors.h" },
    { skeleton: "kernels", path: "cpu/kernels.ts" },
    { skeleton: "kernels.d", path: "cpu/kernels.d.ts" },
  ],
  module: { api: "cpu", path: "cpu/kernels.ts" },
  codecs: null,
};
