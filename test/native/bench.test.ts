import { describe, expect, test, vi } from "vitest";
import { measureSteps } from "../../generator/cli/bench/measure.js";
import { openMeter } from "../../generator/cli/bench/meter.js";
import { compile } from "../../generator/cli/library.js";
import { type Device, LowbitOptimizer } from "../../runtime/index.js";
import { instantiate } from "../peers/instance.js";
import { canRun, FakeDriver, withFatbin } from "./support.js";

const fake = new FakeDriver();
const ARRAY = 4 * 2 ** 26;

const spec = `
name: momentum
hyper: { lr: 0.1 }
states:
  m: { bits: 8, signed: true, mapping: dynamic, normalize: { block: 256 }, min_size: 0 }
update: |
  m = 0.9*m + g
  p = p - lr*m
`;

describe.skipIf(!canRun)("bench on the CUDA device", () => {
  test("copies before each step, and takes the time of events between them", async () => {
    const compiled = compile(spec, { targets: ["cuda", "typescript"] });
    const { descriptor } = await instantiate(compiled);
    class Optimizer extends LowbitOptimizer<string> {
      constructor(device: Device, params: ConstructorParameters<typeof LowbitOptimizer>[2]) {
        super(withFatbin(descriptor), device, params);
      }
    }
    const device = fake.open();
    const meter = openMeter(device);
    await device.synchronize();
    const before = fake.counts().memories;
    fake.ran();
    const tensors = [{ name: "w", shape: [64, 64] }];
    let turns = 0;
    const subject = { compiled, descriptor, Optimizer };
    const samples = await measureSteps(
      device,
      meter,
      subject,
      tensors,
      { steps: 2, warmup: 1 },
      () => turns++,
    );
    // What the driver says of every pair of events.
    expect(samples).toMatchObject({ steps: [1.5, 1.5], copies: [1.5, 1.5] });
    expect(samples.hosts).toHaveLength(2);
    expect(turns).toBe(3);
    const ran = fake.ran().filter((one) => one.kind === "launch" || one.bytes === ARRAY);
    const turn = [...Array(8).fill("copy"), "step"];
    expect(ran.map((one) => (one.kind === "launch" ? one.kernel : one.kind))).toEqual([
      ...turn,
      ...turn,
      ...turn,
    ]);
    expect(meter).toMatchObject({ timing: "CUDA events", copyBytes: 8 * 2 * ARRAY });
    expect(fake.counts().memories).toBe(before);
    // Every pair of events is 1.5 ms apart: the second work is enqueued in time, or after the first has ended.
    for (const [enqueued, isLate] of [
      [1.4, false],
      [1.6, true],
    ] as const) {
      const clock = [10, 10, 10.25, 10.5, 10 + enqueued];
      const now = vi.spyOn(performance, "now").mockImplementation(() => clock.shift()!);
      const [first, second] = await meter.time([() => {}, () => {}]);
      now.mockRestore();
      expect(first).toEqual({ milliseconds: 1.5, host: 0.25, isLate: false });
      expect(second).toEqual({ milliseconds: 1.5, host: expect.closeTo(enqueued - 0.5), isLate });
    }
    meter.dispose();
    expect(fake.counts().memories).toBe(before - 2);
    device.dispose();
  });
});
