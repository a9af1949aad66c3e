import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Case, casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { canRun, FakeDriver } from "../native/support.js";
import { shippedSpecs } from "../properties/harness.js";
import { checked, checkedEarly, differenceOf, emulated, emulatedSubject, openWatched } from "./support.js";

// An emulator on which every kernel is right is none: each mistake must be found, as a difference or in words.

const fake = new FakeDriver();
const shipped = new Map(shippedSpecs(0).map(({ name, text }) => [name, text]));
const random = fc.sample(casesOf(sizesAbout([128, 1024, 2048]), fc.constant({}), { tensors: 24, steps: 2 }), {
  numRuns: 4,
  seed: 5,
});
const normal = { fill: "normal", salt: 1, spikes: [] } as const;
/** 3 x 300 x 5: several matrices of more rows than a warp sums at once. */
const matrices: Case = {
  ...{ seed: 1, steps: 1, hypers: {} },
  tensors: [{ p: { ...normal, length: 4500, dimensions: [2, 19] }, gradients: [normal] }],
};
/** 8200 x 2 and 2 x 8200: lines of more parts than threads read at once; 20 x 300 x 2: many matrices. */
const lines: Case = {
  ...{ seed: 1, steps: 1, hypers: {} },
  tensors: [
    { p: { ...normal, length: 16_400, dimensions: [28] }, gradients: [normal] },
    { p: { ...normal, length: 16_400, dimensions: [1] }, gradients: [normal] },
    { p: { ...normal, length: 12_000, dimensions: [11, 22] }, gradients: [normal] },
  ],
};
/** 40 x 128: panels, and nothing else; and one whose rows are no whole groups. */
const panels: Case = {
  ...{ seed: 1, steps: 2, hypers: {} },
  tensors: [
    { p: { ...normal, length: 5120, dimensions: [9] }, gradients: [normal] },
    // 33 x 128.
    { p: { ...normal, length: 4224, dimensions: [12] }, gradients: [normal] },
  ],
};
/** 2 x 20 x 128: threads whose elements are of one row, in two matrices; and a whole square. */
const rowsOfThreads: Case = {
  ...{ seed: 1, steps: 2, hypers: {} },
  tensors: [
    { p: { ...normal, length: 5120, dimensions: [1, 7] }, gradients: [normal] },
    { p: { ...normal, length: 16_384, dimensions: [7] }, gradients: [normal] },
  ],
};
const cases = [...random, matrices, lines];

/** A state whose blocks are longer than what a warp has: quantiles are taken in shared memory. */
const longBlocks = JSON.stringify({
  name: "long-blocks",
  states: {
    v: {
      ...{ bits: 2, signed: false, mapping: { log: { quantile: 0.1 } }, normalize: { block: 2048 } },
      ...{ rounding: "nearest", min_size: 0 },
    },
  },
  update: "v = 0.9*v + g*g\np = p - 0.1*g/(sqrt(v) + 1)",
});

/** What the emulator or the comparison says of an edited kernel; nothing where all seems right. */
async function findMistake(
  text: string,
  edit: (source: string) => string,
  compiler = emulated,
  examples: readonly Case[] = cases,
): Promise<string> {
  const editOrThrow = (source: string): string => {
    const edited = edit(source);
    if (edited === source) throw new Error("the edit changes nothing: the kernels are written otherwise now");
    return edited;
  };
  const subject = await emulatedSubject(text, editOrThrow, compiler);
  // In one order of threads in three, those that wait for nothing are ahead of those that they disturb.
  for (const [seed, given] of [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) =>
    examples.map((given) => [seed, given] as const),
  )) {
    // One multiprocessor, so that a block of threads works on several chunks.
    fake.set("SMS", "1");
    fake.set("SEED", String(seed));
    const device = compiler === emulated ? fake.open() : openWatched(fake);
    try {
      const difference = await differenceOf(subject, device, given);
      if (difference !== null) return `${difference.what} differs`;
    } catch (error) {
      return String(error);
    } finally {
      device.dispose();
    }
  }
  return "";
}

const barrier = /^ *__syncthreads\(\);\n/gm;

function withoutBarrier(source: string, index: number): string {
  let count = 0;
  return source.replace(barrier, (text) => (count++ === index ? "" : text));
}

describe.runIf(canRun)("a barrier that is missing is found", () => {
  test.each([
    // Nothing reads the tables between their barrier and the next one.
    { name: "adamw-4bit-b2048", text: shipped.get("adamw-4bit-b2048"), redundant: [0] },
    { name: "adamw-8bit", text: shipped.get("adamw-8bit"), redundant: [] },
    { name: "adamw-4bit", text: shipped.get("adamw-4bit"), redundant: [] },
    { name: "factor-4bit", text: shipped.get("factor-4bit"), redundant: [] },
    { name: "blocks longer than a warp's", text: longBlocks, redundant: [] },
  ])("in $name, whichever it is", { timeout: 120_000 }, async ({ text = "", redundant }) => {
    let barriers = 0;
    await emulatedSubject(text, (source) => {
      barriers = source.match(barrier)?.length ?? 0;
      return source;
    });
    expect(barriers).toBeGreaterThan(0);
    const unnoticed: number[] = [];
    for (let index = 0; index < barriers; index++)
      if ((await findMistake(text, (source) => withoutBarrier(source, index))) === "") unnoticed.push(index);
    expect(unnoticed).toEqual(redundant);
  });
});

describe.runIf(canRun)("is found and said:", () => {
  const differs = / differs$/;
  test.each([
    {
      mistake: "a barrier that one thread passes by",
      spec: "adamw-4bit-b2048",
      edit: (s: string) => s.replace("__syncthreads();", "if (threadIdx.x != 5) __syncthreads();"),
      found:
        /block \d+ of \d+ of the kernel step waits at several barriers: thread 0 and 126 more at __syncthreads \(line \d+\); thread 5 at __syncthreads \(line \d+\)/,
    },
    {
      mistake: "a thread that ends before a barrier",
      spec: "adamw-8bit",
      edit: (s: string) => s.replace("__syncthreads();", "if (threadIdx.x == 7) return; __syncthreads();"),
      found: /stands still: thread 0 and 254 more at __syncthreads \(line \d+\); thread 7 ended/,
    },
    {
      mistake: "two barriers for two halves",
      spec: "adamw-8bit",
      edit: (s: string) =>
        s.replace("__syncthreads();", "if (threadIdx.x < 64) __syncthreads();\nelse\n__syncthreads();"),
      found: /waits at several barriers: /,
    },
    {
      mistake: "an exchange that some lanes do not reach",
      spec: "adamw-4bit-block",
      edit: (s: string) =>
        s.replace(
          "value = fmaxf(value, __shfl_xor_sync",
          "if (value > 0.0f) value = fmaxf(value, __shfl_xor_sync",
        ),
      found: /stands still: .* at __shfl_xor_sync \(line \d+, mask 0xffffffff\)/,
    },
    {
      mistake: "a mask without the thread itself",
      spec: "adamw-4bit-block",
      edit: (s: string) => s.replace("__shfl_xor_sync(0xffffffffu", "__shfl_xor_sync(0xfffffffeu"),
      found: /has a thread outside its own mask: .*__shfl_xor_sync/,
    },
    {
      mistake: "a mask without the lanes that are read",
      spec: "adamw-4bit-block",
      edit: (s: string) => s.replace("__shfl_xor_sync(0xffffffffu", "__shfl_xor_sync(1u << threadIdx.x % 32"),
      found: differs,
    },
    {
      mistake: "the less of two reciprocals",
      spec: "adamw-4bit",
      edit: (s: string) => s.replace("fmaxf(v_inverse, v_inverses", "fminf(v_inverse, v_inverses"),
      found: differs,
    },
    {
      mistake: "a row of a panel that counts for the next one",
      spec: "adamw-4bit",
      edit: (s: string) =>
        s.replace("raiseRow(shape, tensor.v_next, lane_row,", "raiseRow(shape, tensor.v_next, lane_row + 1,"),
      found: differs,
    },
    {
      mistake: "columns that only one of a warp's rows is asked for",
      spec: "adamw-4bit",
      edit: (s: string) => s.replace("half = N / 2; distance >= Lanes", "half = N / 2; distance > 16"),
      found: differs,
    },
    {
      mistake: "a lane that has another row's scale",
      spec: "adamw-4bit",
      edit: (s: string) => s.replaceAll("v_row_scale, row_lane)", "v_row_scale, row_lane ^ 1u)"),
      found: differs,
    },
    {
      mistake: "rows that are too few for a group, and left to nobody",
      spec: "adamw-4bit",
      edit: (s: string) => s.replaceAll("rows_there % 2u > 0 ? 1u << whole : 0", "0"),
      found: differs,
    },
    {
      mistake: "copies of rows that are waited for one group too late",
      spec: "adamw-4bit",
      edit: (s: string) => s.replaceAll(/awaitCopies<(\d+ - 1)>/g, "awaitCopies<$1 + 1>"),
      found: differs,
    },
    {
      mistake: "chunks behind those that a warp has lanes for, and left to nobody",
      spec: "adamw-4bit",
      edit: (s: string) => s.replaceAll("turn < 32;", "turn < 1;"),
      found: differs,
    },
    {
      mistake: "a thread that takes another's columns",
      spec: "factor-4bit",
      edit: (s: string) => s.replaceAll("tensor.cols + line.col,", "tensor.cols,"),
      found: differs,
    },
    {
      mistake: "a whole square that is read elsewhere",
      spec: "factor-4bit",
      edit: (s: string) => s.replaceAll("tensor.g + start, 4u)", "tensor.g + start / 8 * 8, 4u)"),
      found: differs,
    },
    {
      mistake: "a row whose sum another lane has",
      spec: "factor-4bit",
      edit: (s: string) =>
        s.replace("return (lane & 1) * 4 + (lane & 2) + (lane >> 2 & 1);", "return lane & 7;"),
      found: differs,
    },
    {
      mistake: "a matrix that is taken for the first",
      spec: "factor-4bit",
      edit: (s: string) => s.replaceAll("tensor.colmean_2[line.matrix];", "tensor.colmean_2[0];"),
      found: differs,
    },
    {
      mistake: "a count of chunks that is not 0 when all were asked for",
      spec: "solo-adamw-4-2",
      edit: (s: string) => s.replace("chunk_count + gridDim.x - 1u", "0xffffffffu"),
      found: differs,
    },
    {
      mistake: "a block that asks for chunks when it was refused",
      spec: "solo-adamw-4-2",
      edit: (s: string) =>
        s.replace("return last < chunk_count ?", "return last <= chunk_count + gridDim.x ?"),
      found: differs,
    },
    {
      mistake: "shared memory that nobody wrote",
      spec: "adamw-4bit-b2048",
      edit: (s: string) => s.replace("m_maxima[run] = 0;", ""),
      found: differs,
    },
    {
      mistake: "a local array that nobody wrote",
      spec: "adamw-4bit-block",
      edit: (s: string) => s.replace("m_packed[2] = {};", "m_packed[2];"),
      found: differs,
    },
    {
      mistake: "an intrinsic that is not emulated",
      spec: "adamw-8bit",
      edit: (s: string) => s.replace("sqrtf(", "__fsqrt_rz("),
      found: /does not compile.*‘__fsqrt_rz’ was not declared/s,
    },
    {
      mistake: "a function of the C library, which a GPU rounds otherwise",
      spec: "adamw-8bit",
      edit: (s: string) => s.replace("sqrtf(", "expf("),
      found: /does not compile.*‘expf’ was not declared/s,
    },
  ])("$mistake", { timeout: 60_000 }, async ({ spec, edit, found }) => {
    const mistake = findMistake(shipped.get(spec) ?? "", edit, emulated, [...cases, panels, rowsOfThreads]);
    expect(await mistake.catch(String)).toMatch(found);
  });
});

/** Other shapes, and rows that are left: what panels do not do. */
test.runIf(canRun)(
  "chunks behind those that a warp has lanes for are not done as panels",
  { timeout: 60_000 },
  async () => {
    const edit = (s: string): string => s.replaceAll("turn < 32", "turn < 1");
    const found = findMistake(shipped.get("adamw-4bit") ?? "", edit, emulated, [
      ...cases,
      panels,
      rowsOfThreads,
    ]);
    expect(await found).toBe("");
  },
);

describe.runIf(canRun)("where every access is watched, is found and said:", () => {
  test.each([
    {
      mistake: "a maximum that is not atomic",
      spec: "adamw-4bit-b2048",
      edit: (s: string) =>
        s.replace(
          "atomicMax(maximum, __float_as_uint(magnitude));",
          "*maximum = max(*maximum, __float_as_uint(magnitude));",
        ),
      found:
        /races: thread \d+ of block \d+ \(line \d+ in \d+ in \d+\) (reads|writes) what thread \d+ of block \d+ \(line .*\) (read|wrote) in shared memory, with no barrier between them/,
    },
    {
      mistake: "two blocks of threads that write one place",
      spec: "adamw-8bit",
      edit: (s: string) => s.replace("tensor.m_scale[(start + first) / 256u] =", "tensor.m_scale[0] ="),
      found: /races: thread \d+ .* what thread \d+ .* in device memory/,
    },
    {
      mistake: "a write behind the end of a tensor",
      spec: "adamw-8bit",
      edit: (s: string) => s.replace("if (i < limit) target[i] = values[i];", "target[i] = values[i];"),
      found: /touches what is no array: 4 bytes by thread \d+ of block \d+ \(line \d+ in \d+/,
    },
    {
      mistake: "a read behind the end of a tensor",
      spec: "adamw-8bit",
      edit: (s: string) => s.replace("values[i] = i < limit ? source[i] : T{};", "values[i] = source[i];"),
      found: /touches what is no array: 4 bytes by thread \d+ of block/,
    },
    {
      mistake: "shared memory that nobody wrote",
      spec: "adamw-4bit-b2048",
      edit: (s: string) => s.replace("m_maxima[run] = 0;", ""),
      found: /reads shared memory that nobody wrote: thread \d+ of block/,
    },
    {
      mistake: "a chunk that not all threads of a block know yet",
      spec: "solo-adamw-4-2",
      edit: (s: string) =>
        s.replace(
          /( +if \(thread == 0\) asked\[0\] = later;\n)( +__syncthreads\(\);\n)/,
          (_, write: string, barrier: string) => barrier + write,
        ),
      found: /races: thread \d+ of block \d+ .* in shared memory, with no barrier between them/,
    },
    {
      mistake: "16 bytes at once from where they are not aligned",
      spec: "adamw-8bit",
      edit: (s: string) =>
        s.replace(
          "load(parameters, tensor.p + start + first,",
          "load(parameters, tensor.p + start + first + 1,",
        ),
      found: /has an access that is not on a multiple of its size: thread \d+ \(line \d+\)/,
    },
    {
      mistake: "an index beyond a local array",
      spec: "adamw-8bit",
      edit: (s: string) => s.replace("m_words[m_word]", "m_words[m_word + 2]"),
      found: /has an index beyond an array: thread \d+ \(line \d+\)/,
    },
    {
      mistake: "a shift by more bits than there are",
      spec: "adamw-4bit-block",
      edit: (s: string) => s.replace("m_word << 4", "m_word << (thread + 32u)"),
      found: /shifts by more bits than there are: thread \d+ \(line \d+\)/,
    },
  ])("$mistake", { timeout: 60_000 }, async ({ spec, edit, found }) => {
    const mistake = findMistake(shipped.get(spec) ?? "", edit, checked);
    expect(await mistake.catch(String)).toMatch(found);
  });

  test.each([
    {
      compiler: checkedEarly,
      copies: "at once",
      found: /races: thread \d+ .* what thread \d+ .* in shared memory|differs/,
    },
    { compiler: checked, copies: "late, are found by nothing", found: /^$/ },
  ])(
    "rows that are copied over before all lanes have read them, where copies come $copies",
    { timeout: 60_000 },
    async ({ compiler, found }) => {
      const copies = "if (group + 4 < whole) copy(part);";
      const edit = (s: string): string =>
        s.replace(copies, "").replace(/awaitCopies<4 - 1>\(\);\n *__syncwarp\(\);/, `$&\n${copies}`);
      const mistake = findMistake(shipped.get("adamw-4bit") ?? "", edit, compiler, [panels]);
      expect(await mistake.catch(String)).toMatch(found);
    },
  );
});
