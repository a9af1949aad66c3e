import { test } from "vitest";
import { compile } from "../../generator/index.js";
import { targets } from "../../templates/index.js";
import { instantiate } from "../peers/instance.js";
import { TypeScriptDevice } from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
const codecs = [
  "{ bits: 32 }",
  "{ bits: 3, signed: true, mapping: dynamic, normalize: { block: 96 }, rounding: stochastic, min_size: 1 }",
  "{ bits: 16, rounding: stochastic, min_size: 1 }",
  "{ bits: 8, signed: true, mapping: dynamic, normalize: tensor, min_size: 1 }",
  "{ bits: 4, signed: true, mapping: linear, normalize: { block: 100 }, min_size: 1 }",
];
test("x", async () => {
for (const plain of [true, false])
for (const n of [6, 9, 12]) {
  const st = Array.from({length: n}, (_, i) => `z${i}`);
  const text = ["name: x", "states:", ...st.map((s, i) => `  ${s}: ${plain ? codecs[0] : codecs[i] ?? codecs[0]}`), "update: |", ...st.map((s) => `  ${s} = 0.5*${s} + g`), `  p = p - 0.1*(${st.join(" + ")})`].join("\n");
  const r = compile(text, targets);
  if (!r.ok) throw new Error();
  const { Optimizer } = await instantiate(r.value);
  for (const d of [new TypeScriptDevice(), await requireWebGpu()]) {
    const t0 = performance.now();
    const o = new Optimizer(d, { a: new Float32Array(40) });
    o.step({ a: new Float32Array(40).fill(1) });
    await o.readParams();
    console.log(plain, n, d.kind, performance.now() - t0);
  }
}
}, 200000);
