import { describe, expect, it } from 'vitest';
import { alignChunks, HEAD, OUTSIDE } from '../../../../src/layers/structure/alignment.js';
import { AFTER } from '../../../../src/layers/structure/chunks.js';
import { KIND_BIT, slotsOf } from '../../../../src/layers/structure/slots.js';
import { chunksOf, type Shown } from './chunksOf.js';
import { plan } from './modelScene.js';

const before: Shown = { edge: true };
const attention: Shown = { kinds: KIND_BIT.attention, gemms: 4 };
const mamba: Shown = { kinds: KIND_BIT.mamba, gemms: 2, conv: true };
const mlp: Shown = { gemms: 3, activation: true };
const head: Shown = { gemms: 1 };
const insideNorm: Shown = { after: AFTER.other };

const slots = slotsOf(plan(['attention', 'mlp'], ['mamba', 'mlp'], ['attention', 'mlp']));
const parts = [attention, mlp, mamba, mlp, attention, mlp];
const slotOf = (chunks: readonly Shown[], model = slots): number[] => [
  ...alignChunks(chunksOf(chunks), model).slot,
];

describe('chunks in the order of the slots', () => {
  it('are one each, then the head', () => {
    const { slot, passes } = alignChunks(chunksOf([before, ...parts, head]), slots);
    expect([...slot]).toEqual([OUTSIDE, 0, 1, 2, 3, 4, 5, HEAD]);
    expect(passes).toEqual([
      { first: 1, last: 7, slots: 6, misfits: 0, hasStart: true, hasEnd: true, broken: false },
    ]);
  });

  it('are several passes one after the other', () => {
    const chunks = [before, ...parts, head, ...parts, { ...head, edge: true }, ...parts, head];
    const { pass, passes } = alignChunks(chunksOf(chunks), slots);
    expect(passes.map(({ slots: found }) => found)).toEqual([6, 6, 6]);
    expect([...pass]).toEqual([-1, ...[0, 1, 2].flatMap((p) => Array<number>(7).fill(p))]);
  });

  it('may hold normalisations of their own', () => {
    const qk = [{ gemms: 3 }, insideNorm, { ...attention, gemms: 1, after: AFTER.other }];
    const chunks = [before, ...qk, mlp, mamba, mlp, ...qk, mlp, head];
    expect(slotOf(chunks)).toEqual([OUTSIDE, 0, 0, 0, 1, 2, 3, 4, 4, 4, 5, HEAD]);
  });

  it('may have no normalisation before a part, where norms stand behind parts', () => {
    const open = { ...mlp, after: AFTER.addOnly, noNorm: true };
    const chunks = [
      before,
      attention,
      insideNorm,
      open,
      insideNorm,
      mamba,
      mlp,
      attention,
      mlp,
      head,
    ];
    expect(slotOf(chunks)).toEqual([OUTSIDE, 0, 0, 1, 1, 2, 3, 4, 5, HEAD]);
  });

  it('end in the last slot and the head, not inside a slot', () => {
    const behind = { ...mlp, after: AFTER.addOnly, noNorm: true };
    const chunks = [before, ...parts.slice(0, 5), behind, insideNorm, { ...head, gemms: 1 }];
    expect(slotOf(chunks).slice(-3)).toEqual([5, 5, HEAD]);
  });

  it('are proved by what is distinctive: a mixer in plain products by them alone', () => {
    const plain: Shown = { gemms: 5 };
    const chunks = [before, plain, mlp, plain, mlp, plain, mlp, head];
    expect(slotOf(chunks)).toEqual([OUTSIDE, 0, 1, 2, 3, 4, 5, HEAD]);
  });
});

describe('chunks that are not those of the slots', () => {
  it('are misfits where few, and the pass says how many', () => {
    const odd = parts.with(2, { ...mamba, kinds: KIND_BIT.mamba | KIND_BIT.linear_attention });
    const { passes } = alignChunks(chunksOf([before, ...odd, head]), slots);
    expect(passes.map(({ misfits }) => misfits)).toEqual([1]);
  });

  it('lie outside where nothing fits', () => {
    const other = Array<Shown>(12).fill({ kinds: KIND_BIT.moe, gemms: 1 });
    expect(new Set(slotOf([before, ...other]))).toEqual(new Set([OUTSIDE]));
  });

  it('say that a pass is broken where an embedding or a sampling is inside it', () => {
    const chunks = [before, ...parts.with(3, { ...mlp, edge: true }), head];
    const { passes } = alignChunks(chunksOf(chunks), slots);
    expect(passes.every(({ broken, slots: found }) => broken || found < 6)).toBe(true);
  });
});

describe('a pass that the recording cuts off', () => {
  const long = slotsOf(
    plan(...Array.from({ length: 4 }, (): ['attention', 'mlp'] => ['attention', 'mlp'])),
  );
  const all = Array.from({ length: 4 }, () => [attention, mlp]).flat();

  it('at its end has a start and no end', () => {
    const { passes } = alignChunks(chunksOf([before, ...all.slice(0, 6)]), long);
    expect(passes).toMatchObject([{ slots: 6, hasStart: true, hasEnd: false }]);
  });

  it('at its beginning has an end and no start', () => {
    const { passes } = alignChunks(chunksOf([{}, ...all.slice(2), { ...head, edge: true }]), long);
    expect(passes).toMatchObject([{ slots: 6, hasStart: false, hasEnd: true }]);
  });
});

it('nothing aligns to nothing', () => {
  expect(alignChunks(chunksOf([]), slots).passes).toEqual([]);
});
