import { describe, expect, it } from 'vitest';
import { findNorms } from '../../../../src/layers/structure/normSites.js';

describe('normalisations', () => {
  it('are single kernels, with the residual or without', () => {
    expect(findNorms(['gemm', 'norm', 'gemm', 'fused_add_norm'])).toEqual([
      { start: 1, end: 2, addsResidual: false },
      { start: 3, end: 4, addsResidual: true },
    ]);
  });

  it('are the element-wise kernels of PyTorch around a reciprocal root', () => {
    const eager = [
      'add',
      'copy',
      'square',
      'mean',
      'add_scalar',
      'rsqrt',
      'multiply',
      'copy',
    ] as const;
    expect(findNorms(eager)).toEqual([{ start: 1, end: 7, addsResidual: false }]);
  });

  it('may lack some of those kernels, but not the mean', () => {
    expect(findNorms(['mean', 'rsqrt'])).toEqual([{ start: 0, end: 2, addsResidual: false }]);
    expect(findNorms(['square', 'rsqrt', 'multiply'])).toEqual([]);
  });
});
