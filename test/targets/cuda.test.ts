import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const generated = join(import.meta.dirname, "../../generated");
const nvcc = process.env.NVCC ?? "nvcc";
const found = spawnSync(nvcc, ["--version"], { encoding: "utf8" });

/** Each operation rounds once: no contraction, no fast division, no flushing. Any warning is an error. */
const flags = [
  "-O3",
  "--fmad=false",
  "-prec-div=true",
  "-prec-sqrt=true",
  "-ftz=false",
  "-Werror=all-warnings",
  "-gencode=arch=compute_80,code=sm_80",
  "-gencode=arch=compute_90,code=[sm_90,compute_90]",
];

if (found.status !== 0) {
  const line = `NO CUDA COMPILER: ${nvcc} is not on this machine, so no generated .cu file was compiled in this run.`;
  console.warn(`\n${"!".repeat(line.length)}\n${line}\n${"!".repeat(line.length)}\n`);
}

describe.runIf(found.status === 0)(
  "nvcc compiles every generated package for sm_80, sm_90 and PTX",
  async () => {
    let folder = "";
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "lowbit-gen-cuda-"));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    for (const spec of await readdir(generated)) {
      test(spec, { timeout: 300_000 }, async () => {
        const source = join(generated, spec, "cuda", "kernels.cu");
        const { stderr } = await run(nvcc, [...flags, "-c", source, "-o", join(folder, `${spec}.o`)]);
        expect(stderr).toBe("");
      });
    }
  },
);

describe.runIf(found.status !== 0)("without nvcc", () => {
  test("the run says loudly that CUDA sources were not compiled", () => {
    expect(found.error).toBeDefined();
  });
});
