import { describe, expect, it } from 'vitest';
import { attribute, type AttributeOptions } from '../../../../src/layers/attribute.js';
import type { ModelPlan } from '../../../../src/layers/model/modelPlan.js';
import { readRecorded, recordedPlan, sharesRight } from './recordedTruth.js';

/** Percent of GPU time that must have the right type, and the right layer index. */
const FLOOR = 98;
/** Percent of GPU time that may have a wrong one. */
const MOST_WRONG = 1.5;

const percent = (share: number): number => Math.round(share * 10_000) / 100;

describe('a recording without modules and stacks, with the configuration of its model', () => {
  it.each([
    'deepseek_v3.decode',
    'deepseek_v3.graph',
    'falcon_h1.decode',
    'falcon_h1.graph',
    'gemma3_text.decode',
    'gemma3_text.graph',
    'gpt_oss.decode',
    'kimi_linear.decode',
    'kimi_linear.graph',
    'lfm2_moe.decode',
    'lfm2_moe.graph',
    'olmo_hybrid.decode',
    'olmo_hybrid.graph',
    'qwen3_next.decode',
    'qwen3_next.graph',
    'zamba2.decode',
    'zamba2.graph',
  ])('%s: type and layer of nearly all its GPU time', async (name) => {
    const recorded = await readRecorded(name);
    const labels = attribute(recorded.trace, { model: recordedPlan(name.split('.')[0]) });
    const shares = sharesRight(recorded, labels);
    expect(percent(shares.type)).toBeGreaterThanOrEqual(FLOOR);
    expect(percent(shares.index)).toBeGreaterThanOrEqual(FLOOR);
    expect(percent(shares.wrongType)).toBeLessThanOrEqual(MOST_WRONG);
    expect(percent(shares.wrongIndex)).toBeLessThanOrEqual(MOST_WRONG);
  });
});

describe('a recording read with what is not its configuration', () => {
  /** The model's own plan with another number of layers. */
  const withLayers = (plan: ModelPlan, count: number): ModelPlan => ({
    ...plan,
    layers: Array.from({ length: count }, (_, i) => plan.layers[i % plan.layers.length]),
  });

  it.each([
    'deepseek_v3.decode',
    'falcon_h1.graph',
    'gemma3_text.graph',
    'olmo_hybrid.graph',
    'qwen3_next.decode',
    'zamba2.graph',
  ])('%s: next to nothing gets a wrong type or a wrong layer', async (name) => {
    const recorded = await readRecorded(name);
    const own = recordedPlan(name.split('.')[0]);
    const count = own.layers.length;
    const ways: Record<string, AttributeOptions> = {
      none: {},
      'one layer less': { model: withLayers(own, count - 1) },
      'two layers less': { model: withLayers(own, count - 2) },
      'half the layers': { model: withLayers(own, count >> 1) },
      'one layer more': { model: withLayers(own, count + 1) },
      'of lfm2_moe': { model: recordedPlan('lfm2_moe') },
      'of kimi_linear': { model: recordedPlan('kimi_linear') },
    };
    for (const [way, options] of Object.entries(ways)) {
      const { wrongType, wrongIndex } = sharesRight(recorded, attribute(recorded.trace, options));
      expect.soft(percent(wrongType), way).toBeLessThanOrEqual(MOST_WRONG);
      expect.soft(percent(wrongIndex), way).toBeLessThanOrEqual(MOST_WRONG);
    }
  });
});
