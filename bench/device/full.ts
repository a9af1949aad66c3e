import { type CudaDevice, type Device, type HostData, LowbitError, openDevice } from "lowbit-gen/runtime";
import type { OptimizerClass } from "../../generator/cli/instantiate.js";
import { type Check, compileFor, differences, spread } from "./check.js";

/** What does not fit is one sentence, and nothing else is the worse for it. */
export async function* checkFull(device: CudaDevice): AsyncGenerator<Check> {
  const Optimizer = await compileFor(device, "adamw-8bit", "f32");
  const here = start(device, Optimizer);
  here.step();
  await device.synchronize();
  const free = device.freeBytes();

  const tooMany = () =>
    device.createArrays([{ role: "p", type: "f32", length: Math.ceil(free / 2), tensor: "large" }]);
  yield { what: "an array of twice the memory that is free is refused", wrong: complaint(tooMany) };

  const length = 16 * Math.floor((0.45 * free) / 64);
  const [array] = device.createArrays([{ role: "p", type: "f32", length, tensor: "w" }]);
  const read = (): Promise<never> => Promise.reject(new Error("larger than the host's memory may be"));
  const large = new Optimizer(device, { w: { array: array!, shape: [length], length, dtype: "f32", read } });
  const step = () => large.step(large.grads);
  yield { what: `a gradient of ${length} elements beside their states is refused`, wrong: complaint(step) };
  here.step();
  large.step({ w: array! });
  await device.synchronize();
  yield {
    what: "and the same optimizer takes one that is lent",
    wrong: large.t === 1 ? null : `t is ${large.t}`,
  };
  large.dispose();
  array!.release();
  await device.synchronize();

  const missing = free - device.freeBytes();
  yield { what: "all memory is free again", wrong: missing <= 2 ** 22 ? null : `${missing} bytes are not` };
  here.step();
  const there = start(await openDevice("typescript"), Optimizer);
  for (let t = 0; t < 3; t++) there.step();
  yield {
    what: "an optimizer that was there all the time is as it should be",
    wrong: differences(await here.values(), await there.values()),
  };
}

function start(device: Device, Optimizer: OptimizerClass) {
  const optimizer = new Optimizer(device, { w: spread(9000, 0.1, 1) });
  optimizer.grads.w!.write(spread(9000, 0.01, 2));
  return {
    step: () => optimizer.step(optimizer.grads),
    values: async (): Promise<Readonly<Record<string, HostData>>> => ({
      ...(await optimizer.state("w")),
      p: await optimizer.params.w!.array.read(),
    }),
  };
}

/** What is wrong with how a call says that memory does not suffice. */
function complaint(call: () => unknown): string | null {
  try {
    call();
  } catch (error) {
    if (!(error instanceof LowbitError) || error.code !== "out-of-memory") return `it threw ${String(error)}`;
    return /^the GPU has no \d+ bytes in one piece for [^\n]+$/.test(error.message) ? null : error.message;
  }
  return "nothing was thrown";
}
