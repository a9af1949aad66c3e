import { readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { test } from "vitest";
import { compile } from "../../generator/index.js";
import { instantiate } from "../../generator/cli/instantiate.js";
import { cases } from "../../generator/cli/fuzz/cases.js";
import { judge } from "../../generator/cli/fuzz/differential.js";
import { runDevice } from "../../generator/cli/fuzz/trajectory.js";
import { TypeScriptDevice } from "../../runtime/index.js";
import { targets } from "../../templates/index.js";
import { requireWebGpu } from "../support/vulkan.js";

test("timing", async () => {
  const two = targets.filter(({ name }) => name !== "cuda");
  const dev = await requireWebGpu();
  const ts = new TypeScriptDevice();
    for (const s of readdirSync("spec").filter((n) => n.endsWith(".yaml"))) {
      const text = readFileSync(`spec/${s}`, "utf8").replaceAll("{ bits: 4", "{ min_size: 4, bits: 4").replaceAll("{ bits: 8", "{ min_size: 4, bits: 8").replaceAll("{ bits: 3,", "{ min_size: 4, bits: 3,");
      const r = compile(text, two);
      if (!r.ok) throw new Error(s+JSON.stringify(r.diagnostics));
      const subject = { ...r.value, ...(await instantiate(r.value)) };
      const time = [0,0,0,0,0];
      let codes = 0, pinned = 0, n = 0, el = 0;
      const d = await fc.check(fc.asyncProperty(cases(subject.plan, { steps: 3, tensors: 12 }), async (c) => {
        const t0 = performance.now();
        const a = await runDevice(subject, ts, c);
        const t1 = performance.now();
        const x = judge(subject, targets[0]!.accuracy, a);
        const t2 = performance.now();
        const b = await runDevice(subject, dev, c);
        const t3 = performance.now();
        const y = judge(subject, targets[1]!.accuracy, b, a);
        const t4 = performance.now();
        time[0]! += t1 - t0; time[1]! += t2 - t1; time[2]! += t3 - t2; time[3]! += t4 - t3;
        codes += y.codes; pinned += y.pinned; n += c.tensors.length; el += c.steps * c.tensors.reduce((a, b) => a + b.p.length, 0);
        if (x.difference) throw new Error("ts" + JSON.stringify(x.difference));
        if (y.difference) throw new Error("gpu" + JSON.stringify(y.difference));
      }), { numRuns: 40, seed: 1 });
      console.log(s, "failed", d.failed, time.map((x) => x.toFixed()).join(), "ms", n, "tensors", el, "element steps", codes, pinned / codes, d.failed ? JSON.stringify(d.counterexample) + String((d.errorInstance as Error).stack) : "");
    }
});
