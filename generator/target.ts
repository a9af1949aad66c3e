import type { Kernel } from "./ir/types.js";
import type { TableCapabilities } from "./lower/encoders.js";
import type { Dialect } from "./print/dialect.js";

/** What the generator knows of a target: a folder under templates/. Types only. */

/** How far a target's numbers may lie from the evaluator's. */
export type AccuracyClass =
  /** Not at all. */
  | { readonly kind: "exact" }
  /**
   * Quotients and roots by so many units in the last place of what they are; sums, differences and products rounded once,
   * but a product that feeds a sum maybe not at all; subnormal numbers maybe read and written as zero.
   */
  | { readonly kind: "ulp"; readonly division: number; readonly squareRoot: number };

/** By what threads hold in registers, as measured (bench/). */
export interface Resident {
  readonly usual: number;
  /** Parameters of 16 bits. */
  readonly halves: number;
  /** What they read before they have encoded the last, by "<threads of a workgroup>x<elements of a thread>". */
  readonly ahead: Readonly<Record<string, number>>;
  /** Scales of rows and columns: measured, used, and used with parameters of 16 bits. */
  readonly shaped: { readonly measure: number; readonly step: number; readonly halves: number };
  /** What quantiles are found of. */
  readonly ranked: number;
}

export interface Capabilities extends TableCapabilities {
  /** Invocations that one workgroup has at most. */
  readonly threads: number;
  /** Invocations that a busy workgroup should have at least: where a tile is for fewer, several make one. */
  readonly fewest?: number;
  /** Bytes of tables from which it should have as many as it can, so that these are there for more of them. */
  readonly shared?: number;
  /** Elements that one invocation should own at least. */
  readonly granule: number;
  /** What else it should own at least, if that is no more than so many elements: bits of a parameter, bits of each state's codes. */
  readonly fill?: { readonly parameter: number; readonly codes: number; readonly most: number };
  /** Invocations that exchange values without memory; 0 where there is no such exchange. */
  readonly lanes: number;
  /** Elements that a processor should work on at once, which bounds the registers of a thread; left out where nothing does. */
  readonly resident?: Resident;
  /**
   * Tiles that a workgroup should work on one after another, where it is busy, where it has tables and where it has none, and panels;
   * left out where it has one.
   */
  readonly share?: Readonly<Record<"busy" | "tabled" | "plain" | "panels", number>>;
  /** Elements that it should own at most, where every run is a multiple of that. */
  readonly stretch?: number;
  /**
   * Columns of a matrix, at least, whose elements one workgroup should own where scales belong to rows and columns; left
   * out where it should own neighbours.
   */
  readonly panel?: {
    readonly cols: number;
    /**
     * Bytes of their rows that should be on their way, and how many times what is worked on at once that may be at most; and
     * the same of parameters of 16 bits.
     */
    readonly ahead: Readonly<Record<"usual" | "half", { readonly bytes: number; readonly rounds: number }>>;
    /** Bytes of memory for those, for tables and for what belongs to columns. */
    readonly shared: number;
  };
  /** Whether codes that are sums should be packed as floats, which are added faster than integers. */
  readonly sums?: boolean;
  /** Entries of a table above which it is looked up for many elements at once; of none where it is left out. */
  readonly scattered?: number;
}

/** A precompiled Handlebars template. */
export type Skeleton = object;

export interface Target {
  /** Its folder. */
  readonly name: string;
  readonly accuracy: AccuracyClass;
  readonly capabilities: Capabilities;
  readonly dialect: Dialect;
  /** With `math: fast`; null where nothing is cheaper. */
  readonly fast: { readonly accuracy: AccuracyClass; readonly dialect: Dialect } | null;
  readonly skeletons: Readonly<Record<string, Skeleton>>;
  readonly partials: Readonly<Record<string, Skeleton>>;
  /** Rendered once a kernel; a path makes a file of each, `$0` being the kernel's name. */
  readonly kernel: {
    readonly skeletons: Readonly<Record<Kernel["kind"], string>>;
    readonly path: string | null;
  };
  /** Rendered once a package, with the rendered kernels. */
  readonly packages: readonly { readonly skeleton: string; readonly path: string }[];
  /** Where the runtime finds the kernels: the device API that loads them and the module that exports `kernels`. */
  readonly module: { readonly api: string; readonly path: string } | null;
  /** The module that exports each state's codec, where this target has one. */
  readonly codecs: string | null;
}

export interface SourceFile {
  /** Relative to the package's folder, with /. */
  readonly path: string;
  readonly text: string;
}
