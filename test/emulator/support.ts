/** Generated CUDA kernels on the CPU: compiled by nvcc.mjs with g++, run by the fake driver. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Compiler } from "../../generator/cli/compile/compiler.js";
import { accuracyOf } from "../../generator/cli/fuzz/candidates.js";
import type { Case } from "../../generator/cli/fuzz/cases.js";
import type { Difference } from "../../generator/cli/fuzz/difference.js";
import { judge } from "../../generator/cli/fuzz/differential.js";
import { runDevice, type Subject } from "../../generator/cli/fuzz/trajectory.js";
import { instantiate } from "../../generator/cli/instantiate.js";
import { compile } from "../../generator/index.js";
import type { CudaArray } from "../../runtime/cuda/array.js";
import type { CudaDevice } from "../../runtime/cuda/device.js";
import { cuda } from "../../templates/cuda/target.js";
import type { FakeDriver } from "../native/support.js";

export const nvcc = join(import.meta.dirname, "nvcc.mjs");

/** As `build` has it. */
const arithmetic = { exact: ["--fmad=false"], fast: ["--fmad=true", "-prec-div=false", "-prec-sqrt=false"] };

/** Makes of a package's CUDA source what the fake driver runs. */
const compilerWith = (flags: readonly string[]): Compiler => ({
  target: "cuda",
  find: async () => ({ command: nvcc, version: "" }),
  jobs: () => [
    {
      sources: ["cuda/kernels.cu"],
      output: "cuda/kernels.fatbin",
      args: (source, output, _, math) => [...arithmetic[math], ...flags, "-o", output, source],
    },
  ],
});
export const emulated = compilerWith([]);
/** The same, with every access to memory watched: races, and what lies outside of arrays. */
export const checked = compilerWith(["-G"]);
/** The same, where copies to shared memory come at once, and not as late as they may. */
export const checkedEarly = compilerWith(["-G", "-DEMULATOR_EARLY_COPIES"]);

/**
 * The package of a spec, for the CUDA device alone.
 *
 * @param edit makes another kernels.cu of the generated one
 */
export async function emulatedSubject(
  text: string,
  edit = (source: string) => source,
  compiler = emulated,
): Promise<Subject> {
  const result = compile(text, [cuda]);
  if (!result.ok) throw new Error(`not a valid spec: ${JSON.stringify(result.diagnostics)}\n${text}`);
  const files = result.value.files.map((file) =>
    file.path === "cuda/kernels.cu" ? { ...file, text: edit(file.text) } : file,
  );
  const built = { ...result.value, files };
  return { ...built, ...(await instantiate(built, [compiler])) };
}

/** Where the emulated kernels first leave what the evaluator allows: its bits, or the class of `math: fast`. */
export async function differenceOf(
  subject: Subject,
  device: CudaDevice,
  given: Case,
): Promise<(Difference & { readonly step: number }) | null> {
  return judge(subject, accuracyOf("cuda", subject.plan.math), await runDevice(subject, device, given))
    .difference;
}

/** A device whose checked kernels may touch the arrays of its optimizer and nothing between them. */
export function openWatched(fake: FakeDriver): CudaDevice {
  const list = join(fake.folder, "arrays");
  writeFileSync(list, "");
  fake.set("ARRAYS", list);
  const device = fake.open();
  const create = device.createArrays.bind(device);
  device.createArrays = (requests) => {
    const arrays = create(requests);
    const lines = arrays.map((array) => `${(array as CudaArray).pointer} ${(array as CudaArray).bytes}\n`);
    appendFileSync(list, lines.join(""));
    return arrays;
  };
  return device;
}
