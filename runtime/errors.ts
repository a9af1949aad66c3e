/** An error the caller can act on: its message says what was found, what is needed and what to do. */
export class LowbitError extends Error {
  override readonly name: string = "LowbitError";
  /** Stable across releases, for programs: `unknown-gradient`, `checkpoint-spec`, `no-webgpu`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
