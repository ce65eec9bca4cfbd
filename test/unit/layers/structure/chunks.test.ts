import { describe, expect, it } from 'vitest';
import { AFTER, cutAtNorms, type Chunks } from '../../../../src/layers/structure/chunks.js';
import { findNorms } from '../../../../src/layers/structure/normSites.js';
import type { KernelRole } from '../../../../src/layers/rules.js';

const ATTENTION = 8;
const MOE = 32;

/** The chunks of a sequence; `edges` and `kinds` by position. */
function cut(
  roles: (KernelRole | null)[],
  edges: readonly number[] = [],
  kinds: Readonly<Record<number, number>> = {},
): Chunks {
  const kindBits = Uint8Array.from(roles, (_, at) => kinds[at] ?? 0);
  const edgeAt = Uint8Array.from(roles, (_, at) => (edges.includes(at) ? 1 : 0));
  const weak = { softmax: ATTENTION, topk: MOE };
  return cutAtNorms(roles, kindBits, edgeAt, findNorms(roles), weak);
}

describe('a sequence cut at its normalisations', () => {
  it('has one chunk more than cuts', () => {
    const chunks = cut(['gather', 'norm', 'gemm', 'gemm', 'add', 'norm', 'gemm']);
    expect([...chunks.start]).toEqual([0, 1, 5, 7]);
    expect([...chunks.body]).toEqual([0, 2, 6]);
    expect([...chunks.gemms]).toEqual([0, 2, 1]);
  });

  it('keeps all norms of a recording that begins with one', () => {
    expect([...cut(['norm', 'gemm', 'norm', 'gemm']).start]).toEqual([0, 0, 2, 4]);
  });

  it('is cut where a product follows an addition directly: norms may stand behind the parts', () => {
    const chunks = cut(['norm', 'gemm', 'norm', 'add', 'gemm', 'add', 'fill', 'gemm']);
    expect([...chunks.start]).toEqual([0, 0, 2, 4, 6, 8]);
    expect(chunks.after[3]).toBe(AFTER.addOnly);
    expect(chunks.body[3]).toBe(chunks.start[3]);
  });

  it('knows what stands before each norm', () => {
    const chunks = cut(['gemm', 'add', 'copy', 'norm', 'gemm', 'norm', 'gemm', 'fused_add_norm']);
    expect([...chunks.after]).toEqual([
      AFTER.other,
      AFTER.addThenNorm,
      AFTER.other,
      AFTER.addThenNorm,
    ]);
  });

  it('shows kinds by distinctive names, a choice of experts, or a softmax between products', () => {
    const parts = cut(
      ['norm', 'gemm', 'attention', 'norm', 'gemm', 'topk', 'norm', 'gemm', 'softmax', 'gemm'],
      [],
      { 2: ATTENTION },
    );
    expect([...parts.kinds].slice(1)).toEqual([ATTENTION, MOE, ATTENTION]);
    expect([...cut(['norm', 'gemm', 'topk'], [2]).kinds]).toEqual([0, 0]);
    expect([...cut(['norm', 'gemm', 'softmax']).kinds]).toEqual([0, 0]);
  });

  it('shows activations, convolutions and edges', () => {
    const chunks = cut(['norm', 'activation', 'norm', 'conv1d', 'norm', 'gather'], [5]);
    expect([...chunks.activation].slice(1)).toEqual([1, 0, 0]);
    expect([...chunks.conv].slice(1)).toEqual([0, 1, 0]);
    expect([...chunks.edge].slice(1)).toEqual([0, 0, 1]);
  });
});
