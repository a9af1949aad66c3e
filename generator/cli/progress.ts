import type { SingleBar } from "cli-progress";

/** A bar on stderr where that is a terminal, and nothing elsewhere. */
export class Progress {
  readonly #bar: SingleBar | null;

  private constructor(bar: SingleBar | null) {
    this.#bar = bar;
  }

  /** @param what what is counted, for example "specs" */
  static async start(total: number, what: string): Promise<Progress> {
    if (!process.stderr.isTTY || total < 2) return new Progress(null);
    const { default: cliProgress } = await import("cli-progress");
    const bar = new cliProgress.SingleBar(
      {
        format: `{bar} {value}/{total} ${what} {name}`,
        stream: process.stderr,
        barsize: 24,
        clearOnComplete: true,
        hideCursor: true,
      },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total, 0, { name: "" });
    return new Progress(bar);
  }

  get visible(): boolean {
    return this.#bar !== null;
  }

  step(name: string): void {
    this.#bar?.increment(1, { name });
    // A bar redraws on a timer, which work that never waits would hold back.
    this.#bar?.render();
  }

  stop(): void {
    this.#bar?.stop();
  }

  /** Waits for all of some work, and takes the bar away whatever becomes of it. */
  async until<T>(work: readonly Promise<T>[]): Promise<T[]> {
    try {
      return await Promise.all(work);
    } finally {
      this.stop();
    }
  }
}
