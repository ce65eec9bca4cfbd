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

describe('parts with less to tell them by', () => {
  it('are mixers side by side in one slot', () => {
    const both: Shown = { ...mamba, kinds: KIND_BIT.attention | KIND_BIT.mamba };
    expect(read(before, both, mlp, both, mlp, head)).toEqual([
      'mamba+attention 0',
      'mlp 0',
      'mamba+attention 1',
      'mlp 1',
    ]);
  });

  it.each([
    ['a short convolution where nothing recurrent is seen', attention, 'short_conv'],
    ['Mamba where that is the one recurrent kind', mamba, 'mamba'],
  ])('are %s', (_, other, kind) => {
    const bare: Shown = { gemms: 2, conv: true };
    expect(read(before, bare, mlp, other, mlp, head)?.[0]).toBe(`${kind} 0`);
  });

  it('are an MLP with a norm behind it', () => {
    const after: Shown = { after: AFTER.other };
    expect(read(before, attention, mlp, after, attention, mlp, after, head)).toHaveLength(4);
  });
});

describe('no slots', () => {
  it.each<[string, Shown[]]>([
    ['a run too short to be told from chance', []],
    [
      'a mixer and experts in one part',
      [{ ...moe, kinds: KIND_BIT.attention | KIND_BIT.moe }, mlp],
    ],
    [
      'attention with an activation: an MLP may follow it',
      [{ ...attention, activation: true }, mlp],
    ],
    ['products without an activation', [attention, { gemms: 3 }]],
    [
      'a convolution that either recurrent kind may own',
      [
        mamba,
        mlp,
        { ...mamba, kinds: KIND_BIT.linear_attention },
        mlp,
        { gemms: 2, conv: true },
        mlp,
      ],
    ],
    [
      'products after an addition without a norm',
      [attention, mlp, { gemms: 3, after: AFTER.addOnly }],
    ],
  ])('are told from %s', (_, more) => {
    expect(read(before, attention, mlp, ...more, head)).toBeUndefined();
  });
});
