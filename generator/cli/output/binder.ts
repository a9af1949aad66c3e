import { Worker } from "node:worker_threads";
import type { Plan } from "../../lower/plan.js";
import type { SourceFile, Target } from "../../target.js";

/** What the thread is asked for; it answers with the files that bind makes. */
export interface BindRequest {
  readonly plan: Plan;
  /** By name: targets hold functions, which no thread can send. */
  readonly targets: readonly string[];
  readonly sources: readonly SourceFile[];
}

interface Waiting {
  resolve(files: SourceFile[]): void;
  reject(error: unknown): void;
}

/**
 * Binds packages on a thread of its own. What binds takes as long to load as the rest of a build takes, so it loads
 * while specs are read and kernels printed.
 */
export class Binder {
  readonly #targets: readonly string[];
  readonly #worker = new Worker(new URL("./binder-thread.js", import.meta.url));
  /** In the order of the requests, which is that of the answers. */
  readonly #waiting: Waiting[] = [];
  #failure: Error | null = null;

  constructor(targets: readonly Target[]) {
    this.#targets = targets.map(({ name }) => name);
    this.#worker.on("message", (files: SourceFile[]) => this.#waiting.shift()?.resolve(files));
    this.#worker.on("error", (error) => {
      this.#failure = error;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  bind(plan: Plan, sources: readonly SourceFile[]): Promise<SourceFile[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage({ plan, targets: this.#targets, sources } satisfies BindRequest);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
