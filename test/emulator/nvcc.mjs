#!/usr/bin/env node
/**
 * Stands in for nvcc where kernels run on the CPU: `nvcc.mjs [flags] -o kernels.fatbin kernels.cu` compiles with g++ and
 * cuda.h. With -G, given or in NVCC_APPEND_FLAGS, every access to memory that threads share is watched, as compute-sanitizer
 * does it; with -DEMULATOR_EARLY_COPIES copies to shared memory come at once, and not as late as they may; with -E it writes
 * the C++ that it would compile. What it writes has a fatbin's header and behind it a shared object, which
 * test/native/fake-cuda.cc loads. Nothing is compiled twice: results are kept in node_modules/.cache by the hash of all that
 * they were made of.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

const folder = import.meta.dirname;
const cache = join(folder, "../../node_modules/.cache/emulated-kernels");
/** So many compiled sources are kept, of some 100 KB each. */
const CACHED = 1000;
const compiler = "g++";
const flags = ["-std=c++17", "-O1", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden"];
// What is read before it is written is a pattern, the same on every run.
flags.push("-ftrivial-auto-var-init=pattern");

// GCC's instrumentation, with the functions of checks.h behind it instead of the sanitizers' libraries.
const checks = [
  "-g1",
  "-DEMULATOR_CHECKS",
  "-fsanitize=thread",
  "-fsanitize=alignment,shift,bounds",
  "-nodefaultlibs",
];
checks.push("--param=tsan-instrument-func-entry-exit=0");

const given = process.argv.slice(2);
const answers = {
  "--version": "release 13.0, emulated",
  "--list-gpu-code": "sm_90",
  "--list-gpu-arch": "compute_90",
};
const answer = answers[given[0]];
try {
  if (answer !== undefined) console.log(answer);
  else compile(given);
} catch (error) {
  console.error(error.stderr || `nvcc.mjs: ${error.message}`);
  process.exitCode = 1;
}

function compile(args) {
  const at = args.indexOf("-o");
  const [output, source] = [args[at + 1], args.at(-1)];
  if (at < 0 || !source?.endsWith(".cu")) throw new Error("give -o OUTPUT and a source, which ends in .cu");
  if (args.includes("-E")) return writeFileSync(output, withoutPtx(readFileSync(source, "utf8")));
  if (args.includes("--fmad=false")) flags.push("-ffp-contract=off");
  else if (args.includes("--fmad=true")) flags.push("-ffp-contract=fast", "-march=native");
  else throw new Error("say --fmad=false, with which every operation rounds once, or --fmad=true");
  flags.push(...args.filter((arg) => arg.startsWith("-DEMULATOR_")));
  if (args.includes("-prec-sqrt=false")) flags.push("-DEMULATOR_APPROXIMATE_ROOTS");
  const appended = (process.env.NVCC_APPEND_FLAGS ?? "").split(" ");
  if ([...args, ...appended].includes("-G")) flags.push(...checks);
  const headers = ["cuda.h", "machine.h", "checks.h"].map((name) => join(folder, name));
  const hash = createHash("sha256").update(JSON.stringify([compiler, versionOf(), flags]));
  for (const path of [source, ...headers, import.meta.filename]) hash.update(readFileSync(path));
  const kept = join(cache, `${hash.digest("hex")}.fatbin`);
  if (!existsSync(kept)) keep(source, kept);
  utimesSync(kept, new Date(), new Date());
  copyFileSync(kept, output);
}

function versionOf() {
  try {
    return execFileSync(compiler, ["--version"], { encoding: "utf8" });
  } catch (error) {
    throw new Error(`${compiler} does not run (${error.message}): install g++ (Debian: apt install g++)`);
  }
}

function keep(source, kept) {
  mkdirSync(cache, { recursive: true });
  const own = mkdtempSync(join(cache, "compiling-"));
  try {
    const object = join(own, "kernels.so");
    const translated = join(own, "kernels.cc");
    const text = withoutPtx(readFileSync(source, "utf8"));
    writeFileSync(translated, `#line 1 "${basename(source)}"\n${text}`);
    const include = ["-include", join(folder, "cuda.h"), translated];
    execFileSync(compiler, [...flags, ...include, "-o", object], { encoding: "utf8", stdio: "pipe" });
    writeFileSync(join(own, "image"), withHeader(readFileSync(object)));
    renameSync(join(own, "image"), kept);
    forgetOldest();
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Calls in place of the instructions of PTX that kernels name: those with one float for one, of approximate arithmetic. */
function withoutPtx(source) {
  const statement = /asm\("(\w+)\.approx\.ftz\.f32 %0, %1;" : "=f"\((\w+)\) : "f"\((\w+)\)\);/g;
  return source
    .replaceAll(statement, "$2 = emulator::approximate_$1($3);")
    .replaceAll(
      'asm("prmt.b32 %0, %1, 128, %2;" : "=r"(factor) : "r"(bits), "r"(which));',
      "factor = which == 0xbbb4u ? 128u ^ (0u - (bits >> 31u)) << 8u : 0u;",
    )
    .replaceAll(
      'asm("prmt.b32 %0, %1, 128, 0xbbb4;" : "=r"(factor) : "r"(bits));',
      "factor = 128u ^ (0u - (bits >> 31u)) << 8u;",
    )
    .replaceAll(
      'asm("lop3.b32 %0, %1, 0x0f0f0f0f, 0, 0x3f;" : "=r"(complements) : "r"(codes));',
      "complements = ~(codes & 0x0f0f0f0fu);",
    )
    .replaceAll('asm volatile("prefetch.global.L2 [%0];" : : "l"(place));', "static_cast<void>(place);")
    .replaceAll('asm("mad.lo.u32 %0, %1, 4, %2;" : "=r"(at) : "r"(i), "r"(place));', "at = i * 4u + place;")
    .replaceAll(
      'asm volatile("ld.shared.u32 %0, [%1];" : "=r"(value) : "r"(at));',
      "value = *reinterpret_cast<const uint32_t*>(__start_shared_memory + at);",
    )
    .replaceAll('asm("mov.u32 %0, %%laneid;" : "=r"(own_lane));', "own_lane = threadIdx.x % 32;")
    .replaceAll(
      'asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(code) : "f"(__uint_as_float(bits)));',
      "code = emulator::bfloat16(bits);",
    )
    .replaceAll(
      'asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));',
      "pair = emulator::bfloat16_pair(second, first);",
    )
    .replaceAll(
      'asm("fma.rn.bf16x2 %0, %1, %1, %0;" : "+r"(sum) : "r"(pair));',
      "sum = emulator::bfloat16_fma(pair, pair, sum);",
    )
    .replaceAll(
      /asm volatile\("cp\.async\.c[ag]\.shared\.global [^;]*;" : : [^;]*;/g,
      "emulator::copy<Bytes>(target, source);",
    )
    .replaceAll(/asm volatile\("cp\.async\.commit_group;" : : [^;]*;/g, "emulator::end_copies();")
    .replaceAll(/asm volatile\("cp\.async\.wait_group %0;" : : [^;]*;/g, "emulator::await_copies<Rest>();")
    .replaceAll(
      /#if __CUDA_ARCH__ >= 900\s+asm volatile\("cp\.async\.bulk\.prefetch[^#]*#endif/g,
      "emulator::fetch_to_l2(source, total * sizeof(T));",
    )
    .replaceAll(/asm volatile\("" : "\+[rl]"\(\w+\)\);/g, "")
    .replaceAll(
      /asm volatile\("st\.v4\.b32 \[%0\], [^;]*;"[^;]*;/g,
      "*reinterpret_cast<uint4*>(target + i) = uint4{pairs[0], pairs[1], pairs[2], pairs[3]};",
    )
    .replaceAll('asm volatile("" ::: "memory");', "");
}

/** Random specs come once: what was not asked for in a while makes room. */
function forgetOldest() {
  const names = readdirSync(cache).filter((name) => name.endsWith(".fatbin"));
  if (names.length <= CACHED) return;
  const ages = names.map((name) => ({ path: join(cache, name), used: statSync(join(cache, name)).mtimeMs }));
  ages.sort((a, b) => a.used - b.used);
  for (const { path } of ages.slice(0, CACHED / 2)) rmSync(path, { force: true });
}

/** As the driver's interface wants it: magic, version 1, bytes of the header, bytes behind it. */
function withHeader(object) {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xba55ed50, 0);
  header.writeUInt16LE(1, 4);
  header.writeUInt16LE(16, 6);
  header.writeBigUInt64LE(BigInt(object.length), 8);
  return Buffer.concat([header, object]);
}
