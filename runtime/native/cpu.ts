/** What src/cpu.cc exports. */
export interface NativeCpu {
  /** Threads that the machine runs at once. */
  readonly hardwareThreads: number;
}
