import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OptimizerDescriptor } from "../../runtime/descriptor.js";
import {
  type Device,
  openDevice,
  readSafetensors,
  type SafeTensor,
  writeSafetensors,
} from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { Momentum, momentum } from "./momentum.js";
import { gradientsOf, makeMomentum, parametersOf, snapshot, values } from "./support.js";

const sizes = { none: 0, "block.0/bias": 3, odd: 17, half: 32, weight: 1027, größe: 300 };

describe.each(["typescript", "webgpu"] as const)("on %s", (kind) => {
  let device: Device;
  beforeAll(async () => {
    device = kind === "webgpu" ? await requireWebGpu() : await openDevice("typescript");
  });
  afterAll(() => device.dispose());

  test("a resumed run continues bit for bit", async () => {
    const whole = makeMomentum(device, parametersOf(sizes), { seed: 2 ** 50 + 3 });
    for (let t = 1; t <= 3; t++) whole.step(gradientsOf(sizes, t), { lr: 1 / 2 ** t });
    const file = await whole.stateDict();
    const params = await whole.readParams();
    const resumed = makeMomentum(device, params);
    await resumed.loadStateDict(file);
    expect(resumed.seed).toBe(2 ** 50 + 3);
    expect(await snapshot(resumed)).toEqual(await snapshot(whole));
    for (let t = 4; t <= 7; t++)
      for (const optimizer of [whole, resumed]) optimizer.step(gradientsOf(sizes, t));
    expect(await snapshot(resumed)).toEqual(await snapshot(whole));
    expect(await resumed.stateDict()).toEqual(await whole.stateDict());
    whole.dispose();
    resumed.dispose();
  });

  test("a checkpoint moves between devices", async () => {
    const other = await openDevice("typescript");
    const here = makeMomentum(device, parametersOf(sizes), { seed: 9 });
    here.step(gradientsOf(sizes, 1));
    const there = makeMomentum(other, await here.readParams());
    await there.loadStateDict(await here.stateDict());
    for (const optimizer of [here, there]) optimizer.step(gradientsOf(sizes, 2));
    expect(await snapshot(there)).toEqual(await snapshot(here));
    here.dispose();
  });

  test("the file says what it holds", async () => {
    const optimizer = makeMomentum(
      device,
      { w: { data: values(64, 1), shape: [4, 16] }, v: values(17, 2) },
      { lr: 0.5 },
    );
    optimizer.step({ w: values(64, 3), v: values(17, 4) });
    const { metadata, tensors } = readSafetensors(await optimizer.stateDict());
    expect(metadata).toEqual({
      format: "lowbit-gen",
      name: "momentum",
      spec_hash: "0123abcd",
      layout_version: "1",
      step: "1",
      seed: "0",
      hypers: '{"lr":0.5,"beta":null}',
      tensors: '{"w":{"shape":[4,16],"variant":"coded"},"v":{"shape":[17],"variant":"half"}}',
    });
    const forms = [...tensors].map(([key, { dtype, shape }]) => [key, dtype, shape]);
    expect(forms.sort()).toEqual([
      ["v/m", "BF16", [17]],
      ["w/m_codes", "U32", [16]],
      ["w/m_scale", "F32", [1]],
    ]);
    const state = await optimizer.state("v");
    expect(tensors.get("v/m")!.data).toEqual(new Uint16Array(state.m!.buffer).subarray(0, 17));
    optimizer.dispose();
  });

  const word: SafeTensor = { dtype: "U32", shape: [1], data: Uint32Array.of(1) };
  const saved = '{"w":{"shape":[4,16],"variant":"coded"},"v":{"shape":[17],"variant":"half"}}';
  const fields: [string, Readonly<Record<string, string | null>>, string, string][] = [
    ["no format", { format: null }, "foreign", "no checkpoint of an optimizer"],
    ["another format", { format: "pt" }, "foreign", 'format "pt", not "lowbit-gen"'],
    ["another optimizer", { name: "lion" }, "name", '"lion", this optimizer\'s "momentum"'],
    ["another spec", { spec_hash: "ff" }, "spec-hash", "generated from the very spec"],
    ["another layout", { layout_version: "2" }, "layout-version", '"2", this optimizer\'s "1"'],
    ["no step", { step: null }, "metadata", "step"],
    ["a step of text", { step: "1e3" }, "metadata", 'step makes no sense: "1e3"'],
    ["a negative seed", { seed: "-1" }, "metadata", "seed"],
    ["a seed too large", { seed: "9007199254740992" }, "metadata", "seed"],
    ["other hypers", { hypers: '{"lr":1}' }, "metadata", "hypers"],
    ["hypers without values", { hypers: '{"lr":null,"beta":null}' }, "metadata", "hypers"],
    ["damaged hypers", { hypers: "{" }, "metadata", "hypers"],
    ["a list of tensors", { tensors: "[]" }, "metadata", "tensors"],
    ["fewer tensors", { tensors: "{}" }, "tensors", 'does not cover "w", "v"'],
    [
      "another tensor",
      { tensors: saved.replace('"v"', '"u"') },
      "tensors",
      'does not cover "v" and covers "u"',
    ],
    [
      "another shape",
      { tensors: saved.replace("[4,16]", "[16,4]") },
      "shape",
      "[16,4] in the checkpoint, [4,16]",
    ],
    [
      "another variant",
      { tensors: saved.replace("half", "full") },
      "variant",
      '"v" is kept as "full" in the',
    ],
    ["tensors of nothing", { tensors: '{"w":null,"v":1}' }, "shape", '"w" has shape undefined'],
  ];
  const arrays: [string, Readonly<Record<string, SafeTensor | null>>, string, string][] = [
    ["an array missing", { "w/m_scale": null }, "tensors", 'lacks "w/m_scale"'],
    ["an array more", { "w/v": word }, "tensors", 'holds "w/v"'],
    ["an array of another length", { "w/m_codes": word }, "shape", "must be U32 of shape [16]"],
    ["an array of another type", { "w/m_scale": word }, "shape", '"w/m_scale" is U32'],
  ];

  /** Null takes an entry out. */
  function edited<T>(
    entries: Iterable<readonly [string, T]>,
    edits: Readonly<Record<string, T | null>>,
  ): [string, T][] {
    const result = new Map(entries);
    for (const [key, value] of Object.entries(edits)) {
      if (value === null) result.delete(key);
      else result.set(key, value);
    }
    return [...result];
  }

  test.each([
    ...fields.map(([what, metadata, code, message]) => ({ what, metadata, arrays: {}, code, message })),
    ...arrays.map(([what, edits, code, message]) => ({ what, metadata: {}, arrays: edits, code, message })),
  ])("a file with $what is refused, and nothing changes", async ({ metadata, arrays, code, message }) => {
    const optimizer = makeMomentum(device, { w: { data: values(64, 1), shape: [4, 16] }, v: values(17, 2) });
    const file = await optimizer.stateDict();
    optimizer.step({ w: values(64, 3), v: values(17, 4) }, { lr: 0.5 });
    const before = await snapshot(optimizer);
    const read = readSafetensors(file);
    const foreign = writeSafetensors(
      edited(read.tensors, arrays),
      Object.fromEntries(edited(Object.entries(read.metadata), metadata)),
    );
    await expect(optimizer.loadStateDict(foreign)).rejects.toThrow(
      expect.objectContaining({
        name: "LowbitError",
        code: `checkpoint-${code}`,
        message: expect.stringContaining(message),
      }),
    );
    expect(await snapshot(optimizer)).toEqual(before);
    await optimizer.loadStateDict(file);
    expect(optimizer.t).toBe(0);
    optimizer.dispose();
  });

  test("a truncated file is refused, and nothing changes", async () => {
    const optimizer = makeMomentum(device, { w: values(64, 1) });
    optimizer.step({ w: values(64, 2) });
    const before = await snapshot(optimizer);
    const file = await optimizer.stateDict();
    for (const length of [0, 4, 100, file.length - 1])
      await expect(optimizer.loadStateDict(file.subarray(0, length))).rejects.toThrow(
        expect.objectContaining({ name: "SafetensorsError", code: "safetensors-truncated" }),
      );
    expect(await snapshot(optimizer)).toEqual(before);
    optimizer.dispose();
  });
});

test("a state kept differently is refused by the hash of its spec, before its arrays are looked at", async () => {
  const device = await openDevice("typescript");
  const other: OptimizerDescriptor = { ...momentum, specHash: "4567", variants: momentum.variants.slice(2) };
  const file = await new Momentum(other, device, { w: values(64, 1) }).stateDict();
  await expect(makeMomentum(device, { w: values(64, 1) }).loadStateDict(file)).rejects.toThrow(
    'spec_hash is "4567", this optimizer\'s "0123abcd"',
  );
});
