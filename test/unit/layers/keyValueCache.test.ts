import { describe, expect, it } from 'vitest';
import { keyValueCacheBytes } from '../../../src/layers/model/keyValueCache.js';
import { readModelPlan } from '../../../src/layers/model/readModelPlan.js';

/** 40 layers of which some are attention, with 8 key-value heads of 64. */
const model = (attention: number) =>
  readModelPlan({
    model_type: 'wobble',
    layer_types: Array.from({ length: 40 }, (_, i) => (i < attention ? 'attention' : 'mamba')),
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 64,
  });

describe('the size of the key-value cache', () => {
  it('is 10.5 GB for 40 attention layers at 128,000 tokens in fp16, 1.6 GB for 6', () => {
    // 40 layers x 2 x 8 heads x 64 x 2 bytes x 128,000 tokens
    expect(keyValueCacheBytes(model(40), 128_000)).toBe(10_485_760_000);
    expect(keyValueCacheBytes(model(6), 128_000)).toBe(1_572_864_000);
    expect(keyValueCacheBytes(model(6), 128_000, 1)).toBe(786_432_000);
  });

  it('is nothing without attention, and unknown without sizes', () => {
    expect(keyValueCacheBytes(model(0), 128_000)).toBe(0);
    const pattern = readModelPlan({ name: 'x', layers: [{ parts: ['attention'] }] });
    expect(keyValueCacheBytes(pattern, 1)).toBeNull();
  });

  it('is the compressed vector of latent attention', () => {
    const deepseek = readModelPlan({
      model_type: 'deepseek_v3',
      num_hidden_layers: 61,
      num_attention_heads: 128,
      num_key_value_heads: 128,
      kv_lora_rank: 512,
      qk_rope_head_dim: 64,
      qk_nope_head_dim: 128,
    });
    expect(keyValueCacheBytes(deepseek, 1000)).toBe(61 * (512 + 64) * 1000 * 2);
  });
});
