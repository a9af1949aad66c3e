import type { Target } from "../../generator/target.js";
import { partials as commonPartials } from "../common/skeletons.js";
import { dialect } from "./dialect.js";
import { partials, skeletons } from "./skeletons.js";

/** The readable reference: plain TypeScript, exact, nothing to install. */
export const typescript: Target = {
  name: "typescript",
  accuracy: { kind: "exact" },
  capabilities: { threads: 1, granule: 1, lanes: 0 },
  dialect,
  fast: null,
  skeletons,
  partials: { ...commonPartials, ...partials },
  kernel: { skeletons: { measure: "kernel", step: "kernel", sweep: "sweep", fold: "fold" }, path: null },
  packages: [
    { skeleton: "kernels", path: "typescript/kernels.ts" },
    { skeleton: "kernels.d", path: "typescript/kernels.d.ts" },
    { skeleton: "codecs", path: "typescript/codecs.ts" },
    { skeleton: "codecs.d", path: "typescript/codecs.d.ts" },
  ],
  module: { api: "typescript", path: "typescript/kernels.ts" },
  codecs: "typescript/codecs.ts",
};
