import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Case, casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { describeCase } from "../../generator/cli/fuzz/report.js";
import type { WebGpuDevice } from "../../runtime/index.js";
import { cpuOf } from "../support/cpu.js";
import { requireWebGpu } from "../support/vulkan.js";
import { checkCase, subjectOf } from "./harness.js";
import type { RuleText } from "./rules.js";
import { seed } from "./seed.js";
import { type RandomSpec, specs, textOf } from "./specs.js";

/** Tensors of a spec, each a case, and steps. */
const LIMITS = { tensors: 48, steps: 3 };

/**
 * Random specs with random tensors for some steps. LOWBIT_FUZZ_RUNS sets the number of specs, LOWBIT_FUZZ_SEED and
 * LOWBIT_FUZZ_PATH repeat what a failure printed.
 *
 * @param runs specs
 * @param least cases that so many specs must come to
 */
export function testRandomSpecs(
  title: string,
  rules: readonly RuleText[],
  runs: number,
  least: number,
): void {
  const numRuns = Number(process.env.LOWBIT_FUZZ_RUNS ?? runs);
  const path = process.env.LOWBIT_FUZZ_PATH;
  let webgpu: WebGpuDevice;
  beforeAll(async () => {
    webgpu = await requireWebGpu();
  });
  afterAll(() => webgpu.dispose());

  test(`${title}: oracle = evaluator = TypeScript = C++, and WGSL within its class`, {
    timeout: 3_600_000,
  }, async () => {
    const counts = { cases: 0, steps: 0, elements: 0 };
    const property = fc.asyncProperty(specs(rules).chain(withCase), async ({ spec, given }) => {
      const { rule, hypers: hyper, codecs, nonfinite, param } = spec;
      const cpu = cpuOf(textOf(spec));
      const subject = await subjectOf(textOf(spec), cpu?.compilers);
      const config = { rule: rule.rule, hyper: { ...hyper }, codecs, nonfinite };
      const { rounding, master } = param;
      await checkCase(subject, config, given, { webgpu, cpu: cpu?.device }, { rounding, master });
      counts.cases += given.tensors.length;
      counts.steps += given.tensors.length * given.steps;
      counts.elements += given.steps * given.tensors.reduce((sum, { p }) => sum + p.length, 0);
    });
    const started = performance.now();
    const details = await fc.check(property, { numRuns, seed, ...(path !== undefined && { path }) });
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `${title}: seed ${seed}, ${details.numRuns} specs, ${counts.cases} cases, ${counts.steps} steps of a tensor, ` +
        `${counts.elements} of an element, ${seconds} s`,
    );
    if (details.failed) throw new Error(describeFailure(details));
    if (path === undefined && numRuns >= runs) expect(counts.cases).toBeGreaterThanOrEqual(least);
  });
}

export interface SpecCase {
  readonly spec: RandomSpec;
  readonly given: Case;
}

/** With tensors about the limits of its codecs. */
export function withCase(spec: RandomSpec): fc.Arbitrary<SpecCase> {
  const limits = spec.codecs.flatMap((codec) => {
    if (codec.bits === 32) return [];
    const block = "normalize" in codec && typeof codec.normalize === "object" ? [codec.normalize.block] : [];
    return [codec.minSize, ...block];
  });
  const given = casesOf(sizesAbout([...limits, 1024]), fc.constant({}), LIMITS);
  return fc.record({ spec: fc.constant(spec), given });
}

/** What failed, and how to repeat it. */
export function describeFailure({
  seed,
  counterexamplePath,
  counterexample,
  errorInstance,
}: fc.RunDetails<[SpecCase]>): string {
  const [{ spec, given }] = counterexample as [SpecCase];
  const again = `LOWBIT_FUZZ_SEED=${seed} LOWBIT_FUZZ_PATH=${counterexamplePath}`;
  const reason = errorInstance instanceof Error ? (errorInstance.stack ?? "") : String(errorInstance);
  return [reason, textOf(spec), ...describeCase(given), `repeat with ${again}`].join("\n");
}
