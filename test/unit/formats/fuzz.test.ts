import { expect, it } from 'vitest';
import { fuzz } from '../../fuzz/campaign.mjs';

it('mutants of every fixture open as sound traces or are refused with a sentence', async () => {
  const { mutants, failures } = await fuzz({ seeds: 20 });
  // Each with its file, seed and mutation: `npm run fuzz -- --file FILE --from SEED --seeds 1`.
  expect(failures).toEqual([]);
  expect(mutants).toBeGreaterThan(500);
});
