/** CI repeats itself, so that a change and not chance breaks it; everywhere else each run draws anew. */
const CI_SEED = 20261122;

/** What a run of random cases starts from: LOWBIT_FUZZ_SEED, to repeat what a failure printed. */
export const seed = Number(
  process.env.LOWBIT_FUZZ_SEED ?? (process.env.CI ? CI_SEED : Math.floor(Math.random() * 2 ** 31)),
);
