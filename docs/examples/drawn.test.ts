/** The pictures of the guide `folding` are what the library draws. */
import { expect, test } from 'vitest';
import { drawn } from './drawn.ts';

test.each([2, 3] as const)('%i levels', async (levels) => {
  await expect(drawn(levels)).toMatchFileSnapshot(`../guides/folding-${levels}.svg`);
});
