import type { CudaDevice } from "lowbit-gen/runtime";
import { type Check, compileFor, spread } from "./check.js";

/** Bytes: what a driver takes at once where it hands out less. */
const GRANULE = 2 ** 22;
/** Bytes that a process may grow by without having lost any. */
const SLACK = 100 * 2 ** 20;

/** Makes, steps and disposes of optimizers; memory of the GPU and of the process is then what it was after the first ones. */
export async function* checkCycles(device: CudaDevice, cycles: number): AsyncGenerator<Check> {
  const Optimizer = await compileFor(device, "adamw-4bit", "f32");
  const params = { w: { data: spread(8192, 0.1, 1), shape: [64, 128] }, b: spread(10, 0.1, 2) };
  const grads = { w: spread(8192, 0.01, 3), b: spread(10, 0.01, 4) };
  const run = async (count: number): Promise<{ readonly free: number; readonly resident: number }> => {
    for (let cycle = 0; cycle < count; cycle++) {
      const optimizer = new Optimizer(device, params);
      optimizer.step(grads);
      optimizer.step(grads);
      optimizer.dispose();
      if (cycle % 100 === 99) await device.synchronize();
    }
    await device.synchronize();
    return { free: device.freeBytes(), resident: process.memoryUsage().rss };
  };
  const before = await run(Math.ceil(cycles / 10));
  const after = await run(cycles);
  const lost = before.free - after.free;
  yield {
    what: `${cycles} optimizers: ${before.free} bytes of the GPU free before, ${after.free} after`,
    wrong: lost <= GRANULE ? null : `${lost} bytes are lost`,
  };
  const grown = after.resident - before.resident;
  yield {
    what: `${cycles} optimizers: ${before.resident} bytes of the host resident before, ${after.resident} after`,
    wrong: grown <= SLACK ? null : `${grown} bytes more`,
  };
}
