import type { ModelPlan } from './modelPlan.js';

/**
 * Bytes that the keys and values of one sequence take, over all attention layers: two vectors of
 * `keyValueHeads` x `headDim` a token and layer, or the one compressed vector of latent attention.
 * A layer whose attention reaches only a window back is counted as if it kept everything.
 *
 * @param tokens length of the sequence
 * @param bytesPerElement 2 for fp16 and bf16, 1 for fp8
 * @returns null where the configuration does not state the sizes
 */
export function keyValueCacheBytes(
  { layers, sizes }: ModelPlan,
  tokens: number,
  bytesPerElement = 2,
): number | null {
  const attentions = layers
    .flatMap(({ parts }) => parts)
    .filter(({ kind }) => kind === 'attention').length;
  if (attentions === 0) {
    return 0;
  }
  const { keyValueHeads, headDim, latentKeyValue } = sizes;
  const perToken =
    latentKeyValue ??
    (keyValueHeads === null || headDim === null ? null : 2 * keyValueHeads * headDim);
  return perToken === null ? null : attentions * perToken * tokens * bytesPerElement;
}
