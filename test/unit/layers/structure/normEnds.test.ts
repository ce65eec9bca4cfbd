import { expect, it } from 'vitest';
import type { KernelRole } from '../../../../src/layers/rules.js';
import { alignChunks } from '../../../../src/layers/structure/alignment.js';
import { cutAtNorms } from '../../../../src/layers/structure/chunks.js';
import { normEnds } from '../../../../src/layers/structure/normEnds.js';
import { findNorms } from '../../../../src/layers/structure/normSites.js';
import { KIND_BIT, slotsOf } from '../../../../src/layers/structure/slots.js';
import { plan } from './modelScene.js';

it('a normalisation takes what follows it in front of parts of every kind, and no more', () => {
  const norm: KernelRole[] = ['mean', 'rsqrt', 'multiply', 'copy', 'multiply'];
  const roles: KernelRole[] = [
    ...['gather', ...norm, 'copy', 'gemm', 'attention', 'gemm', 'add'],
    ...[...norm, 'gemm', 'activation', 'gemm', 'add'],
    ...[...norm, 'gemm'],
  ] as KernelRole[];
  const kindBits = Uint8Array.from(roles, (role) =>
    role === 'attention' ? KIND_BIT.attention : 0,
  );
  const edges = Uint8Array.from(roles, (_, at) => (at === 0 ? 1 : 0));
  const weak = { softmax: KIND_BIT.attention, topk: KIND_BIT.moe };
  const chunks = cutAtNorms(roles, kindBits, edges, findNorms(roles), weak);
  const alignment = alignChunks(chunks, slotsOf(plan(['attention', 'mlp'])));
  const ends = normEnds(roles, chunks, alignment);
  expect([...chunks.body].map((end, c) => end - chunks.start[c])).toEqual([0, 3, 3, 3]);
  expect([...ends].map((end, c) => end - chunks.start[c])).toEqual([0, 5, 5, 5]);
});
