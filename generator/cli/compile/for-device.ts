import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CpuDevice, CudaDevice, type Device } from "../../../runtime/index.js";
import { UserError } from "../errors.js";
import { type Compiler, isMissing, type Job } from "./compiler.js";
import { cpuCompiler } from "./cpu.js";
import { cudaCompiler } from "./cuda.js";

/** What a package that is made for one run on a device must be compiled with. */
export function compilersFor(device: Device): readonly Compiler[] {
  if (device instanceof CpuDevice) return [cpuCompiler({ instructions: device.instructions.slice(0, 1) })];
  return device instanceof CudaDevice ? [orBuilt(cudaCompiler([device.architecture]))] : [];
}

/**
 * Where nvcc is missing, takes what `build` has compiled of the very same source to a package in generated/: so a machine
 * with a GPU alone runs what another one compiled.
 */
function orBuilt(compiler: Compiler): Compiler {
  return {
    target: compiler.target,
    find: async () => {
      const found = await compiler.find();
      return isMissing(found) && builtImages().length > 0 ? { command: "cp", version: "" } : found;
    },
    jobs: (tool) => (tool.command === "cp" ? [takeBuilt] : compiler.jobs(tool)),
  };
}

const takeBuilt: Job = {
  sources: ["cuda/kernels.cu"],
  output: "cuda/kernels.fatbin",
  args: (_, output, hash) => {
    const image = builtImages().find(({ source }) => source === hash);
    if (image === undefined)
      throw new UserError(
        "nvcc is not found, and no package in generated/ was compiled of this source: build the spec where nvcc is, and " +
          "bring its package here",
      );
    return [image.path, output];
  },
};

function builtImages(): { readonly path: string; readonly source: string }[] {
  const names = existsSync("generated") ? readdirSync("generated") : [];
  return names.flatMap((name) => {
    const path = join("generated", name, takeBuilt.output);
    if (!existsSync(path) || !existsSync(`${path}.json`)) return [];
    return [
      { path, source: (JSON.parse(readFileSync(`${path}.json`, "utf8")) as { source: string }).source },
    ];
  });
}
