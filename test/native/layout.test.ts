import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { layoutOf } from "../../runtime/cuda/tables.js";
import type { OptimizerDescriptor } from "../../runtime/index.js";
import { canRun } from "./support.js";

const generated = join(import.meta.dirname, "../../generated");
const names = readdirSync(generated, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

interface Struct {
  readonly name: string;
  readonly text: string;
  /** C++ names of its fields, an array as its elements. */
  readonly places: readonly string[];
}

function structsOf(source: string): Struct[] {
  return [...source.matchAll(/^struct (alignas\(16\) )?(\w+_(?:tensor|uniforms)) \{\n(.*?)\n\};/gms)].map(
    ([, aligned = "", name, body]) => ({
      name: name!,
      text: `struct ${aligned}${name} {\n${body}\n};`,
      places: body!.split("\n").flatMap((line) => {
        const [, field, count] = /(\w+)(?:\[(\d+)\])?;/.exec(line)!;
        return count === undefined
          ? [field!]
          : Array.from({ length: Number(count) }, (_, i) => `${field}[${i}]`);
      }),
    }),
  );
}

/** Where a C++ compiler puts every field of the structs in a CUDA source: name, size, then offsets. */
function measured(structs: readonly Struct[]): Map<string, { size: number; offsets: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), "lowbit-layout-"));
  try {
    const lines = structs.map(({ name, places }) => {
      const offsets = places.map((place) => `, offsetof(${name}, ${place})`).join("");
      return `  row("${name}", sizeof(${name}), {${offsets.slice(2)}});`;
    });
    const program = join(folder, "layout");
    writeFileSync(
      `${program}.cc`,
      `#include <cstddef>\n#include <cstdint>\n#include <cstdio>\n#include <vector>\n${structs.map(({ text }) => text).join("\n")}
void row(const char* name, size_t size, std::vector<size_t> offsets) {
  printf("%s %zu", name, size);
  for (size_t offset : offsets) printf(" %zu", offset);
  puts("");
}
int main() {\n${lines.join("\n")}\n}\n`,
    );
    execFileSync("g++", ["-std=c++17", "-w", "-o", program, `${program}.cc`]);
    const rows = execFileSync(program, { encoding: "utf8" }).trim().split("\n");
    return new Map(
      rows.map((row) => {
        const [name, size, ...offsets] = row.split(" ");
        return [name!, { size: Number(size), offsets: offsets.map(Number) }] as const;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.runIf(canRun)("what the runtime writes is what the CUDA kernels read", () => {
  test.each(names)("%s", { timeout: 60_000 }, async (spec) => {
    const source = readFileSync(join(generated, spec, "cuda", "kernels.cu"), "utf8");
    const { descriptor }: { descriptor: OptimizerDescriptor } = await import(
      join(generated, spec, "index.ts")
    );
    const { kernels } = descriptor.modules.cuda!;
    const structs = structsOf(source);
    const places = measured(structs);
    expect(Object.keys(kernels).length).toBeGreaterThan(0);
    expect(structs).toHaveLength(2 * Object.keys(kernels).length);
    for (const [name, { threads, tile, panel, tensor }] of Object.entries(kernels)) {
      const { fields, stride } = layoutOf({ tensor, ...(panel && { panel }) });
      const found = places.get(`${name}_tensor`)!;
      expect({ size: stride, offsets: fields.map(({ offset }) => offset) }).toEqual(found);
      // The same fields in the same order, by the names of C++.
      const spelled = structs.find((struct) => struct.name === `${name}_tensor`)!.places;
      expect(fields.map(({ name: field }) => field.replace(/^size(\d)$/, "sizes[$1]"))).toEqual(
        spelled.map((field, i) => (fields[i]!.type === "pointer" ? field.replace(/_data$/, "") : field)),
      );
      const bounds = new RegExp(`__launch_bounds__\\((\\d+)(?:, \\d+)?\\) ${name}\\(`).exec(source)?.[1];
      expect(threads).toBe(Number(bounds));
      // A kernel of elements says where its chunks begin, one of panels where those of other tensors do; one of folds has a
      // pass that says so.
      const body = source
        .split(/^(?:extern "C" __global__|__device__ __noinline__) .*?(?= \w+\($)/m)
        .find((text) => text.startsWith(panel ? ` ${name}_rest(` : ` ${name}(`));
      const begin = /uint64_t\{own\.tile\} \* (\d+)u/.exec(body!)?.[1];
      expect(tile).toBe(begin === undefined ? undefined : Number(begin));

      const uniforms = structs.find((struct) => struct.name === `${name}_uniforms`)!.places;
      const keys = descriptor.streams.flatMap(({ state }) => [`${state}_key0`, `${state}_key1`]);
      const order = [...descriptor.uniforms, ...keys];
      // A kernel may know fewer; what it knows stands where the runtime writes it.
      expect(places.get(`${name}_uniforms`)!.offsets).toEqual(
        uniforms.map(
          (uniform) => 4 * order.findIndex((known) => known === uniform || `${known}_` === uniform),
        ),
      );
    }
  });
});
