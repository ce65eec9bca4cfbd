import { LAYER_TYPES, NO_LAYER } from '../trace/index.js';
import type { LayerLabels, LayerType } from '../trace/index.js';

/**
 * What a layer is called after: its mixers, in the order a block runs them. Norms, residuals and
 * copies are in every layer and name none.
 */
const KIND_OF: Partial<Record<LayerType, string>> = {
  mamba: 'Mamba',
  linear_attention: 'Linear attention',
  short_conv: 'Short conv',
  attention: 'Attention',
  moe_router: 'MoE',
  moe_all_to_all: 'MoE',
  moe_experts: 'MoE',
  moe_shared_expert: 'MoE',
  mlp: 'MLP',
};
const KINDS = [...new Set(Object.values(KIND_OF))];
const kindBit = LAYER_TYPES.map(({ key }) => {
  const kind = KIND_OF[key];
  return kind === undefined ? 0 : 1 << KINDS.indexOf(kind);
});

const known = new WeakMap<LayerLabels, ReadonlyMap<number, string>>();

/**
 * Kind of each layer index, from all calls of the trace: "MoE", or "Attention + MLP" for a layer that
 * holds both; '' where only norms and the like are known of it.
 */
export function layerKinds(labels: LayerLabels): ReadonlyMap<number, string> {
  const before = known.get(labels);
  if (before !== undefined) {
    return before;
  }
  const bits = new Map<number, number>();
  for (let call = 0; call < labels.index.length; call++) {
    const index = labels.index[call];
    if (index !== NO_LAYER) {
      bits.set(index, (bits.get(index) ?? 0) | kindBit[labels.type[call]]);
    }
  }
  const kinds = new Map<number, string>();
  for (const [index, mask] of bits) {
    kinds.set(index, KINDS.filter((_, bit) => (mask & (1 << bit)) !== 0).join(' + '));
  }
  known.set(labels, kinds);
  return kinds;
}
