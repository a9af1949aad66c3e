import { type CudaDevice, type Device, type HostData, openDevice } from "lowbit-gen/runtime";
import type { OptimizerClass } from "../../generator/cli/instantiate.js";
import { type Check, compileFor, differences, spread } from "./check.js";

/** Steps of several operations, so that each is captured: two passes, many folds, two variants, two groups. */
const specs = ["adamw-4bit", "adafactor-32bit", "lamb-8bit", "adamw-8bit"];
const shape = [100, 130];
const rates = [1e-3, 5e-2, 1e-4, 2e-2, 7e-3];

/** A captured step, replayed with other settings and step counts, against plain launches and the typescript device. */
export async function* checkGraphs(device: CudaDevice): AsyncGenerator<Check> {
  const plain = await openDevice("cuda", { graphs: false });
  try {
    for (const spec of specs) {
      const Optimizer = await compileFor(device, spec, "f32");
      const replayed = await run(device, Optimizer);
      for (const [name, other] of [
        ["plain launches", plain],
        ["the typescript device", await openDevice("typescript")],
      ] as const)
        yield {
          what: `${spec}: ${rates.length} steps of one graph, each with its own lr, equal ${name} bit for bit`,
          wrong: differences(replayed, await run(other, Optimizer)),
        };
    }
  } finally {
    plain.dispose();
  }
}

async function run(device: Device, Optimizer: OptimizerClass): Promise<Readonly<Record<string, HostData>>> {
  const params = { w: { data: spread(13_000, 0.1, 1), shape }, b: spread(77, 0.1, 2) };
  const optimizer = new Optimizer(device, params, { groups: { vectors: { params: ["b"] } } });
  try {
    for (const [t, lr] of rates.entries()) {
      optimizer.grads.w!.write(spread(13_000, 0.01, 10 + t));
      optimizer.grads.b!.write(spread(77, 0.01, 20 + t));
      optimizer.step(optimizer.grads, { lr, groups: { vectors: { lr: lr / 2 } } });
    }
    const arrays: Record<string, HostData> = {};
    for (const name of ["w", "b"]) {
      arrays[`p of ${name}`] = await optimizer.params[name]!.array.read();
      for (const [state, values] of Object.entries(await optimizer.state(name)))
        arrays[`${state} of ${name}`] = values;
    }
    return arrays;
  } finally {
    optimizer.dispose();
  }
}
