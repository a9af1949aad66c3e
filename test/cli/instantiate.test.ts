import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { instantiate } from "../../generator/cli/instantiate.js";
import { compile, loadSpec } from "../../generator/cli/library.js";
import { openDevice, streamKey, tensorId } from "../../runtime/index.js";
import { shipped, specText } from "./support.js";

test("a package compiled in memory is a class that trains", async () => {
  const { Optimizer, descriptor, codecs } = await instantiate(compile(specText()));
  expect(descriptor).toMatchObject({ name: "tiny", hypers: [{ name: "lr", default: 0.1 }] });
  expect(Object.keys(codecs)).toEqual(["m"]);
  const device = await openDevice("typescript");
  const optimizer = new Optimizer(device, { w: Float32Array.of(1, 2) }, { lr: 0.5 });
  optimizer.step({ w: Float32Array.of(1, -1) });
  // m = g and p = p - lr*m.
  expect((await optimizer.readParams()).w).toEqual(Float32Array.of(0.5, 2.5));
});

test("codecs store and restore, with keys for what is rounded at random", async () => {
  const { codecs } = await instantiate(compile(await loadSpec(shipped("adamw-3bit"))));
  const { v } = codecs;
  const keys = { ...streamKey(0, 1, 0), id: tensorId("w") };
  const levels = Float32Array.from({ length: 8 }, (_, code) => (code + 1) / 8);
  const { codes, scales } = v!.quantize(levels, keys);
  expect(scales).toEqual(Float32Array.of(1));
  // Codes 0 to 7, three bits each, the first in the lowest bits.
  expect([...codes]).toEqual([0b111110101100011010001000]);
  expect(v!.dequantize({ codes, scales }, 8)).toEqual(levels);
});

test("packages without codecs have none, and nothing stays on the disk", async () => {
  const own = mkdtempSync(join(tmpdir(), "lowbit-cli-"));
  for (const name of ["TMPDIR", "TEMP", "TMP"]) vi.stubEnv(name, own);
  try {
    const { codecs } = await instantiate(compile(specText(), { targets: ["wgsl"] }));
    expect(codecs).toEqual({});
    expect(readdirSync(own)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    rmSync(own, { recursive: true });
  }
});
