import { expect, it } from 'vitest';
import { KIND_BIT, slotsOf } from '../../../../src/layers/structure/slots.js';
import { plan } from './modelScene.js';

it('a slot is a part, or parts side by side, with the index of its layer', () => {
  const slots = slotsOf(plan([['mamba', 'attention'], 'mlp'], ['moe']));
  expect(slots).toEqual([
    {
      layer: 0,
      kinds: ['mamba', 'attention'],
      mask: KIND_BIT.mamba | KIND_BIT.attention,
      sharedExpert: null,
    },
    { layer: 0, kinds: ['mlp'], mask: KIND_BIT.mlp, sharedExpert: null },
    { layer: 1, kinds: ['moe'], mask: KIND_BIT.moe, sharedExpert: false },
  ]);
});
