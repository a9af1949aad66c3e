import type { Target } from "../../generator/target.js";
import { partials as commonPartials } from "../common/skeletons.js";
import { dialect } from "./dialect.js";
import { partials, skeletons } from "./skeletons.js";

/** NVIDIA GPUs: one source file a package, for nvcc. */
export const cuda: Target = {
  name: "cuda",
  accuracy: { kind: "exact" },
  capabilities: { threads: 256, granule: 8, lanes: 32, resident: 8192 },
  dialect,
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
