/** How many cases a property looks at, and from which seed. */
export const property = {
  numRuns: process.env.KERNEL_MM_RUNS === 'full' ? 500 : 100,
  seed: 20200907,
};
