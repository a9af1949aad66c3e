import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CpuDevice } from "lowbit-gen/runtime";
import { countBytes } from "../generator/cli/bench/bytes.js";
import { fillWithNoise } from "../generator/cli/bench/noise.js";
import { isMissing } from "../generator/cli/compile/compiler.js";
import { cpuCompiler } from "../generator/cli/compile/cpu.js";
import { instantiate } from "../generator/cli/instantiate.js";
import { compile, loadSpec } from "../generator/cli/library.js";
import { ownPackage } from "../generator/cli/package-root.js";
import { loadAddon } from "../runtime/native/addon.js";
import { type Figure, figure } from "./figures.js";

/** One tensor, larger than the last cache. */
const ELEMENTS = 16 * 2 ** 20;
/** Of bench/baseline.cpp. */
const TILE = 16_384;
const WARMUP = 3;
const SAMPLES = 15;
const GOAL = 0.8;
const COPY = "copy";
const { root } = ownPackage();

const specs: Readonly<Record<string, number | undefined>> = {
  "adamw-8bit": GOAL,
  "adamw-4bit-block": GOAL,
  "adamw-32bit": undefined,
};

/**
 * GB/s on all cores, in the bytes that a step must move, beside those of a copy and of AdamW in plain C++, measured in
 * turns with them. Empty where there is no C++ compiler.
 */
export async function measureCpu(): Promise<Figure[]> {
  const device = new CpuDevice();
  const draw: Draw = (deviation, seed) =>
    fillWithNoise(device.zeros("f32", ELEMENTS), deviation, seed, "f32");
  const compiler = cpuCompiler({ instructions: device.instructions.slice(0, 1) });
  const tool = await compiler.find();
  if (isMissing(tool)) return [];
  const runs = makeBaselines(tool.command, draw);
  for (const name of Object.keys(specs)) {
    const compiled = compile(await loadSpec(join(root, "spec", `${name}.yaml`)), { targets: ["cpu"] });
    const { Optimizer, descriptor } = await instantiate(compiled, [compiler]);
    const optimizer = new Optimizer(device, { p: draw(2e-2, 0) });
    const g = draw(1e-2, 1);
    const { counted } = countBytes(compiled, descriptor, [{ name: "p", shape: [ELEMENTS] }]);
    runs.set(name, { bytes: counted / ELEMENTS, run: () => optimizer.step({ p: g }) });
  }
  const samples = new Map([...runs.keys()].map((name) => [name, [] as number[]]));
  for (let turn = 0; turn < WARMUP + SAMPLES; turn++) {
    for (const [name, { bytes, run }] of runs) {
      const started = performance.now();
      run();
      const rate = (bytes * ELEMENTS) / (performance.now() - started) / 1e6;
      if (turn >= WARMUP) samples.get(name)!.push(rate);
    }
  }
  const best = Math.max(...samples.get(COPY)!);
  return [...samples].map(([name, rates]) => {
    const goal = specs[name] === undefined ? undefined : `>= ${(GOAL * best).toFixed(1)}`;
    return figure(
      "cpu",
      `${name}, ${runs.get(name)!.bytes.toFixed(2)} bytes a parameter`,
      "GB/s",
      rates,
      goal,
    );
  });
}

/** Normal numbers in an array of the device. */
type Draw = (deviation: number, seed: number) => Float32Array;

interface Run {
  /** That it moves a parameter. */
  readonly bytes: number;
  readonly run: () => void;
}

function makeBaselines(command: string, draw: Draw): Map<string, Run> {
  const folder = mkdtempSync(join(tmpdir(), "lowbit-bench-"));
  const output = join(folder, "baseline.so");
  const flags = [
    "-std=c++17",
    "-O3",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-march=native",
    "-fPIC",
    "-shared",
  ];
  execFileSync(command, [...flags, join(root, "bench", "baseline.cpp"), "-o", output]);
  const { cpu } = loadAddon();
  const library = cpu.openLibrary(output);
  rmSync(folder, { recursive: true });

  const arrays = [0, 1, 2, 3].map((seed) => draw(1e-2, seed));
  for (const array of arrays) array.forEach((value, i) => (array[i] = Math.abs(value)));
  const tensor = new BigUint64Array([BigInt(ELEMENTS), ...arrays.map((array) => cpu.addressOf(array))]);
  const chunks = Uint32Array.from({ length: (2 * ELEMENTS) / TILE }, (_, i) => (i % 2) * (i >> 1));
  const hypers = new Uint32Array(Float32Array.of(0.9, 0.999, 1e-3, 0.01, 1e-8, 0.1, 0.001).buffer);
  const pool = cpu.createPool(cpu.hardwareThreads);
  const adamw = cpu.findKernel(library, "adamw");
  const [to, from] = [draw(1, 0), draw(1, 1)];
  return new Map([
    [COPY, { bytes: 8, run: () => cpu.copy(pool, to, from) }],
    [
      "AdamW in plain C++, 32 bits",
      {
        bytes: 28,
        run: () => {
          cpu.run(pool, adamw, hypers, chunks, tensor);
          // The kernel finds these by their addresses alone.
          if (arrays[0]!.length === 0) throw new Error("the arrays are gone");
        },
      },
    ],
  ]);
}
