// Run with --expose-gc: makes what nobody disposes, and prints how many allocations there were at most, and are left
// when all is collected.
import { readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

const [index, runtime, state] = process.argv.slice(2);
const { descriptor } = await import(index);
const { LowbitOptimizer, openDevice } = await import(runtime);
const device = await openDevice("cuda");

const image = new Uint8Array(24);
new DataView(image.buffer).setUint32(0, 0xba55ed50, true);
new DataView(image.buffer).setUint32(4, 0x00100001, true);
new DataView(image.buffer).setUint32(8, 8, true);
const kernels = Object.fromEntries(
  Object.entries(descriptor.modules.cuda.kernels).map(([name, kernel]) => [name, { ...kernel, image }]),
);
const own = { ...descriptor, modules: { cuda: { kernels } } };

function forget() {
  const opt = new LowbitOptimizer(own, device, { w: new Float32Array(100_000) });
  opt.step({ w: new Float32Array(100_000) });
}
const count = () => Number(readFileSync(state).readBigInt64LE(0));

// The collector is told of the GPU's memory, so that it comes by itself where there is much.
let most = 0;
for (let i = 0; i < 1000; i++) {
  forget();
  if (i % 10 === 0) await turn();
  most = Math.max(most, count());
}
for (let i = 0; i < 20 && count() > 0; i++) {
  globalThis.gc();
  await turn();
}
console.log(JSON.stringify({ most, left: count() }));
