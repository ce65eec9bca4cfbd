import { describe, expect, it } from 'vitest';
import { AFTER } from '../../../../src/layers/structure/chunks.js';
import { recordedSlots } from '../../../../src/layers/structure/recordedSlots.js';
import { KIND_BIT } from '../../../../src/layers/structure/slots.js';
import { chunksOf, type Shown } from './chunksOf.js';

const before: Shown = { edge: true };
const attention: Shown = { kinds: KIND_BIT.attention, gemms: 4 };
const mamba: Shown = { kinds: KIND_BIT.mamba, gemms: 2, conv: true };
const mlp: Shown = { gemms: 3, activation: true };
const moe: Shown = { kinds: KIND_BIT.moe, gemms: 1 };
const head: Shown = { gemms: 1, edge: true };

const read = (...chunks: Shown[]): string[] | undefined =>
  recordedSlots(chunksOf(chunks))?.map(({ kinds, layer }) => `${kinds.join('+')} ${layer}`);

describe('the slots that a recording shows', () => {
  it('are those between two heads, counted where each layer is a mixer and a feed-forward part', () => {
    const pass = [attention, mlp, mamba, moe];
    expect(read(before, ...pass, head, ...pass, head)).toEqual([
      'attention 0',
      'mlp 0',
      'mamba 1',
      'moe 1',
    ]);
  });

  it('carry no index where a layer may be one part', () => {
    const pass = [mamba, moe, mamba, attention, moe];
    expect(read(before, ...pass, head)).toEqual([
      'mamba -1',
      'moe -1',
      'mamba -1',
      'attention -1',
      'moe -1',
    ]);
  });

  it('are those of the run that takes the most of the recording', () => {
    const draft = [attention, mlp, attention, mlp];
    const pass = [mamba, mlp, attention, mlp, mamba, moe];
    expect(read(before, ...draft, head, ...pass, head, ...pass, head)).toHaveLength(6);
  });

  it('are a mixer over its own normalisations', () => {
    const inside: Shown = { after: AFTER.other };
    const qk = [{ gemms: 3 }, inside, { ...attention, gemms: 1, after: AFTER.other }];
    expect(read(before, ...qk, mlp, ...qk, mlp, head)).toEqual([
      'attention 0',
      'mlp 0',
      'attention 1',
      'mlp 1',
    ]);
  });
});

describe('a head that nothing names', () => {
  it('is told from the part of the next pass behind it by what it adds to that', () => {
    const pass = [mamba, moe, mamba, attention, moe];
    const unnamedHead: Shown = { gemms: 1 };
    const next = { ...mamba, after: AFTER.other };
    const rest = pass.slice(1);
    const slots = read(
      before,
      ...pass,
      unnamedHead,
      next,
      ...rest,
      unnamedHead,
      next,
      ...rest,
      head,
    );
    expect(slots).toHaveLength(5);
  });
});

describe('no slots', () => {
  it.each<[string, Shown[]]>([
    ['a run too short to be told from chance', []],
    ['two kinds in one part', [{ ...attention, kinds: KIND_BIT.attention | KIND_BIT.mamba }, mlp]],
    ['products without an activation', [attention, { gemms: 3 }]],
    ['a convolution of no kind', [{ gemms: 2, conv: true }, mlp]],
    [
      'products after an addition without a norm',
      [attention, mlp, { gemms: 3, after: AFTER.addOnly }],
    ],
  ])('are told from %s', (_, more) => {
    expect(read(before, attention, mlp, ...more, head)).toBeUndefined();
  });
});
