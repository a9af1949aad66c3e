// Runs specs on the cpu device with kernels built for AddressSanitizer and UndefinedBehaviorSanitizer, and compares them
// with the evaluator. cpu.test.ts starts this with their runtime preloaded; it exits with 0 where nothing was found.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { parse } from "yaml";
import { cpuCompiler } from "../../dist/generator/cli/compile/cpu.js";
import { casesOf, sizesAbout } from "../../dist/generator/cli/fuzz/cases.js";
import { judge } from "../../dist/generator/cli/fuzz/differential.js";
import { runDevice } from "../../dist/generator/cli/fuzz/trajectory.js";
import { instantiate } from "../../dist/generator/cli/instantiate.js";
import { emit } from "../../dist/generator/index.js";
import { resolve } from "../../dist/generator/resolve.js";
import { CpuDevice } from "../../dist/runtime/index.js";
import { targets } from "../../dist/templates/index.js";

const flags = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const known = new CpuDevice().instructions;

for (const [index, path] of process.argv.slice(2).entries()) {
  const spec = parse(readFileSync(path, "utf8"));
  for (const state of Object.values(spec.states)) if (state.bits < 32) state.min_size = 0;
  const plan = resolve(JSON.stringify(spec)).value;
  const built = emit(
    plan,
    targets.filter(({ module }) => module !== null),
  );
  const instructions = [known[index % known.length]];
  const subject = { ...built, ...(await instantiate(built, [cpuCompiler({ instructions, flags })])) };
  const device = new CpuDevice({ threads: 2, instructions: instructions[0] });
  const cases = casesOf(sizesAbout([128, 256, 2048]), fc.constant({}), { tensors: 12, steps: 2 });
  for (const given of fc.sample(cases, { numRuns: 4, seed: 11 })) {
    const { difference } = judge(subject, { kind: "exact" }, await runDevice(subject, device, given));
    if (difference !== null) throw new Error(`${path}: ${JSON.stringify(difference)}`);
  }
  console.log(`${plan.name} ${instructions[0]}`);
}
