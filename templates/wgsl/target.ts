import type { Target } from "../../generator/target.js";
import { partials as commonPartials } from "../common/skeletons.js";
import { dialect } from "./dialect.js";
import { partials, skeletons } from "./skeletons.js";

/** WebGPU's language, in browsers and in Node. */
export const wgsl: Target = {
  name: "wgsl",
  // https://www.w3.org/TR/WGSL/#floating-point-accuracy; sqrt is what 1 / inverseSqrt (2 ulp) allows.
  accuracy: { kind: "ulp", division: 2.5, squareRoot: 5 },
  capabilities: { threads: 256, granule: 1, lanes: 0 },
  dialect,
  fast: null,
  skeletons,
  partials: { ...commonPartials, ...partials },
  kernel: {
    skeletons: { measure: "kernel", step: "kernel", sweep: "sweep", fold: "fold" },
    path: "wgsl/$0.wgsl",
  },
  packages: [
    { skeleton: "kernels", path: "wgsl/kernels.ts" },
    { skeleton: "kernels.d", path: "wgsl/kernels.d.ts" },
  ],
  module: { api: "webgpu", path: "wgsl/kernels.ts" },
  codecs: null,
};
