import { test } from "vitest";
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { compile } from "../generator/index.js";
import { targets } from "../templates/index.js";
test("x", () => {
  const r = compile(readFileSync(process.env.SPEC ?? "/tmp/adamw.yaml","utf8"), targets);
  if (!r.ok) throw new Error(JSON.stringify(r));
  for (const f of r.value.files) { const p="/tmp/out/"+f.path; mkdirSync(dirname(p),{recursive:true}); writeFileSync(p,f.text); }
});
