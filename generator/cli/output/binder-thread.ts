/** The thread of binder.ts. */
import { parentPort } from "node:worker_threads";
import { bind } from "../../bind/index.js";
import { selectTargets } from "../targets.js";
import type { BindRequest } from "./binder.js";

parentPort?.on("message", ({ plan, targets, sources }: BindRequest) => {
  parentPort?.postMessage(bind(plan, selectTargets(targets), sources));
});
