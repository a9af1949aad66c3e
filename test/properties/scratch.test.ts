import { readFileSync, readdirSync } from "node:fs";
import { test } from "vitest";
import { bind } from "../../generator/bind/index.js";
import { build } from "../../generator/build/index.js";
import { resolve } from "../../generator/index.js";
import { render } from "../../generator/render/index.js";
import { targets } from "../../templates/index.js";
import { requireWebGpu } from "../support/vulkan.js";

test("timing", async () => {
  const two = targets.filter(({ name }) => name !== "cuda");
  const dev = await requireWebGpu();
  for (const round of [1, 2])
    for (const s of readdirSync("spec").filter((n) => n.endsWith(".yaml"))) {
      const text = readFileSync(`spec/${s}`, "utf8");
      const t0 = performance.now();
      const r = resolve(text);
      if (!r.ok) throw new Error(s);
      const t1 = performance.now();
      const kernels = build(r.value);
      const t2 = performance.now();
      const sources = two.flatMap((t) => render(kernels, r.value, t));
      const t3 = performance.now();
      const bound = bind(r.value, two, sources);
      const t4 = performance.now();
      const js = bound.find((f) => f.path === "wgsl/kernels.js")!;
      const m = await import(`data:text/javascript;base64,${Buffer.from(js.text).toString("base64")}`);
      const t5 = performance.now();
      for (const k of Object.values(m.kernels) as { code: string }[]) {
        const module = dev.gpu.createShaderModule({ code: k.code + `//${round}` });
        await dev.gpu.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
      }
      const t6 = performance.now();
      console.log(round, s, "resolve", (t1 - t0).toFixed(), "build", (t2 - t1).toFixed(), "render", (t3 - t2).toFixed(), "bind", (t4 - t3).toFixed(), "import", (t5 - t4).toFixed(), "pipelines", (t6 - t5).toFixed(), Object.keys(m.kernels).length, bound.map((f) => f.path).join());
    }
});
