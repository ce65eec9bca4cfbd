import { describe, expect, it } from 'vitest';
import { alignChunks } from '../../../../src/layers/structure/alignment.js';
import { KIND_BIT, slotsOf } from '../../../../src/layers/structure/slots.js';
import { trustedPasses } from '../../../../src/layers/structure/trustedPasses.js';
import { chunksOf, type Shown } from './chunksOf.js';
import { plan } from './modelScene.js';

const before: Shown = { edge: true };
const attention: Shown = { kinds: KIND_BIT.attention, gemms: 4 };
const mamba: Shown = { kinds: KIND_BIT.mamba, gemms: 2, conv: true };
const mlp: Shown = { gemms: 3, activation: true };
const head: Shown = { gemms: 1, edge: true };

const layers = Array.from({ length: 6 }, (_, i) => (i % 3 === 2 ? attention : mamba));
const slots = slotsOf(
  plan(
    ...layers.map((shown): ['attention' | 'mamba', 'mlp'] => [
      shown === attention ? 'attention' : 'mamba',
      'mlp',
    ]),
  ),
);
const whole = layers.flatMap((mixer) => [mixer, mlp]);

function trusted(...shown: Shown[]): boolean[] {
  const chunks = chunksOf(shown);
  return trustedPasses(chunks, alignChunks(chunks, slots), slots);
}

describe('a pass is trusted', () => {
  it('where it is whole', () => {
    expect(trusted(before, ...whole, head)).toEqual([true]);
  });

  it('where the recording cuts it off and another is whole', () => {
    expect(trusted({}, ...whole.slice(4), head, ...whole, head, ...whole.slice(0, 8))).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('a pass is not trusted', () => {
  it('where none is whole', () => {
    expect(trusted({}, ...whole.slice(4), head)).toEqual([false]);
  });

  it('where less than half of it was recorded', () => {
    expect(trusted({}, ...whole.slice(8), head, ...whole, head)).toEqual([false, true]);
  });

  it('where more layers follow', () => {
    expect(trusted(before, ...whole, ...whole.slice(0, 2), head)).not.toContain(true);
  });

  it('where a slot holds two layers', () => {
    const more = whole.toSpliced(2, 0, mamba, mlp);
    expect(trusted(before, ...more, head)).not.toContain(true);
  });
});
