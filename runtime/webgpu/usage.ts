/** Numbers fixed by the WebGPU specification; the globals that name them exist only in browsers. */
export const usage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyTarget: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
} as const;

export const MAP_MODE_READ = 0x0001;
export const STAGE_COMPUTE = 0x4;
