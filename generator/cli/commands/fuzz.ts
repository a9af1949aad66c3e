import type { Options } from "../options.js";

/** Hands the call to the fuzzer, which loads fast-check and the compiler. */
export async function runFuzz(specs: readonly string[], options: Options): Promise<number> {
  const { fuzz } = await import("../fuzz/command.js");
  const [device, runs, seed] = [options.list("device"), options.one("runs"), options.one("seed")];
  return fuzz([...specs], {
    ...(device.length > 0 && { device }),
    ...(runs !== undefined && { runs }),
    ...(seed !== undefined && { seed }),
  });
}
