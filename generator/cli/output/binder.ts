import { Worker } from "node:worker_threads";
import type { Plan } from "../../lower/plan.js";
import type { SourceFile } from "../../target.js";

/** What the thread is asked for; it answers with the bindings' files. */
export interface BindRequest {
  readonly plan: Plan;
  readonly targets: readonly string[];
  readonly sources: readonly SourceFile[];
}

/**
 * Binds packages on a thread of its own. What binds takes as long to load as all else of a build takes, so it loads while
 * specs are read and kernels printed.
 */
export class Binder {
  readonly #worker = new Worker(new URL("./binder-thread.js", import.meta.url));
  readonly #waiting: { resolve(files: SourceFile[]): void; reject(error: unknown): void }[] = [];

  constructor() {
    this.#worker.on("message", (files: SourceFile[]) => this.#waiting.shift()?.resolve(files));
    this.#worker.on("error", (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  /** Requests are answered in their order. */
  bind(request: BindRequest): Promise<SourceFile[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
