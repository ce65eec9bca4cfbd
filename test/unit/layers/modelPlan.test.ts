import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfigurationText } from '../../../src/layers/model/configurationText.js';
import { ModelConfigError } from '../../../src/layers/model/modelConfigError.js';
import type { LayerPlan, ModelPlan } from '../../../src/layers/model/modelPlan.js';
import { readModelPlan } from '../../../src/layers/model/readModelPlan.js';

/** "mamba", "attention mlp"; "/" before a part that runs beside the one before it. */
function layerText({ parts }: LayerPlan): string {
  return parts
    .map(({ kind, parallel }) => (parallel ? `/${kind}` : kind))
    .join(' ')
    .replaceAll('linear_attention', 'linear')
    .replaceAll(' /', '/');
}

function layersOf(config: unknown): string[] {
  return readModelPlan(config).layers.map(layerText);
}

/** The layers as runs: "2x mamba, attention". */
function runs(plan: ModelPlan): string {
  const found: { text: string; count: number }[] = [];
  for (const text of plan.layers.map(layerText)) {
    const last = found.at(-1);
    if (last?.text === text) {
      last.count++;
    } else {
      found.push({ text, count: 1 });
    }
  }
  return found.map(({ text, count }) => (count === 1 ? text : `${count}x ${text}`)).join(', ');
}

function recorded(family: string): ModelPlan {
  const file = new URL(`../../fixtures/models/${family}.config.json`, import.meta.url);
  return readModelPlan(parseConfigurationText(readFileSync(file, 'utf8')));
}

function sharedExperts(plan: ModelPlan): (boolean | null)[] {
  const moe = plan.layers.flatMap(({ parts }) => parts).filter(({ kind }) => kind === 'moe');
  return [...new Set(moe.map(({ sharedExpert }) => sharedExpert))];
}

describe('configurations written by Transformers 5.17', () => {
  // What the modeling code of each family builds, layer by layer.
  it.each([
    ['bamba', '3x mamba mlp, attention mlp, 4x mamba mlp, attention mlp, mamba mlp'],
    ['deepseek_v3', '2x attention mlp, 6x attention moe'],
    ['falcon_h1', '8x mamba/attention mlp'],
    ['gemma3_text', '8x attention mlp'],
    ['glm4_moe', 'attention mlp, 7x attention moe'],
    ['gpt_oss', '8x attention moe'],
    ['granitemoehybrid', '3x mamba moe, attention moe, 4x mamba moe, attention moe, mamba moe'],
    [
      'jamba',
      'mamba mlp, mamba moe, mamba mlp, mamba moe, attention mlp, mamba moe, mamba mlp, mamba moe, ' +
        'mamba mlp, mamba moe, mamba mlp, mamba moe, attention mlp, mamba moe, mamba mlp, mamba moe',
    ],
    ['kimi_linear', 'linear mlp, 3x linear moe, attention moe, 3x linear moe'],
    [
      'lfm2_moe',
      '2x short_conv mlp, attention moe, 2x short_conv moe, attention moe, 2x short_conv moe, ' +
        'attention moe, 2x short_conv moe, attention moe',
    ],
    ['llama', '8x attention mlp'],
    ['mamba2', '8x mamba'],
    [
      'minimax',
      'attention moe, linear moe, attention moe, linear moe, attention moe, linear moe, attention moe, linear moe',
    ],
    ['mixtral', '8x attention moe'],
    ['olmo_hybrid', '3x linear mlp, attention mlp, 3x linear mlp, attention mlp'],
    ['qwen3_5_moe_text', '3x linear moe, attention moe, 3x linear moe, attention moe'],
    ['qwen3_moe', '16x attention moe'],
    [
      'qwen3_next',
      '3x linear moe, attention moe, 3x linear moe, attention moe, 3x linear moe, attention moe',
    ],
    [
      'zamba2',
      '3x mamba, attention mlp mamba, 4x mamba, attention mlp mamba, 4x mamba, attention mlp mamba',
    ],
  ])('%s', (family, layers) => {
    const plan = recorded(family);
    expect(plan.family).toBe(family);
    expect(runs(plan)).toBe(layers);
    expect(plan.notes.filter((note) => note.includes('assumed'))).toEqual([]);
  });

  it('reads Nemotron-H as one part a layer: 23 Mamba, 23 experts, 6 attention', () => {
    const plan = recorded('nemotron_h');
    expect(plan.layers).toHaveLength(52);
    const kinds = plan.layers.map(layerText);
    expect(kinds.filter((kind) => kind === 'mamba')).toHaveLength(23);
    expect(kinds.filter((kind) => kind === 'moe')).toHaveLength(23);
    expect(kinds.flatMap((kind, i) => (kind === 'attention' ? [i] : []))).toEqual([
      5, 12, 19, 26, 33, 42,
    ]);
    expect(plan.sizes).toEqual({
      hidden: 2688,
      vocabulary: 131072,
      heads: 32,
      keyValueHeads: 2,
      headDim: 128,
      intermediate: null,
      expertIntermediate: 1856,
      experts: 128,
      expertsPerToken: 6,
    });
  });

  it.each([
    ['deepseek_v3', true],
    ['glm4_moe', true],
    ['gpt_oss', false],
    ['granitemoehybrid', true],
    ['jamba', false],
    ['kimi_linear', true],
    ['lfm2_moe', false],
    ['minimax', false],
    ['mixtral', false],
    ['nemotron_h', true],
    ['qwen3_5_moe_text', true],
    ['qwen3_moe', false],
    ['qwen3_next', true],
  ])('%s: a shared expert is %s', (family, shared) => {
    expect(sharedExperts(recorded(family))).toEqual([shared]);
  });

  it('keeps sizes only for parts the model has', () => {
    expect(recorded('mamba2').sizes).toMatchObject({ hidden: 2048, heads: null, headDim: null });
    expect(recorded('mixtral').sizes).toMatchObject({
      intermediate: null,
      expertIntermediate: 4096,
      experts: 8,
      expertsPerToken: 2,
      headDim: 128,
    });
    expect(recorded('jamba').sizes).toMatchObject({ intermediate: 8192, expertIntermediate: 8192 });
    expect(recorded('kimi_linear').sizes).toMatchObject({ expertsPerToken: 8, headDim: 192 });
    expect(recorded('zamba2').sizes).toMatchObject({ headDim: 256, intermediate: 8192 });
    expect(recorded('llama').sizes).toMatchObject({ experts: null, keyValueHeads: 4 });
  });
});

describe('configurations as checkpoints carry them', () => {
  it('reads the pattern of Nemotron-H with its pipeline cuts', () => {
    const plan = readModelPlan({
      model_type: 'nemotron_h',
      num_hidden_layers: 6,
      hybrid_override_pattern: 'ME|M*-E',
      n_shared_experts: 1,
    });
    expect(runs(plan)).toBe('mamba, moe, mamba, attention, mlp, moe');
    expect(sharedExperts(plan)).toEqual([true]);
  });

  it('names a letter of a pattern that means nothing', () => {
    expect(() => readModelPlan({ model_type: 'x', hybrid_override_pattern: 'MQ' })).toThrow(
      "Its layer pattern has 'Q' at position 1",
    );
  });

  it.each(['text_config', 'llm_config', 'language_config'])('finds the model inside %s', (key) => {
    const plan = readModelPlan({
      model_type: 'NemotronH_Nano_Omni',
      vision_config: { num_hidden_layers: 32 },
      [key]: { model_type: 'nemotron_h', hybrid_override_pattern: 'M*E' },
    });
    expect(plan.family).toBe('nemotron_h');
    expect(runs(plan)).toBe('mamba, attention, moe');
    expect(plan.notes.join(' ')).toContain(`Only the language model (${key}) is described`);
  });

  it('finds the text model of a thinker', () => {
    const plan = readModelPlan({
      model_type: 'qwen3_omni_moe',
      thinker_config: {
        text_config: {
          model_type: 'qwen3_omni_moe_text',
          num_hidden_layers: 2,
          num_attention_heads: 8,
          num_experts: 128,
          moe_intermediate_size: 768,
        },
      },
    });
    expect(runs(plan)).toBe('2x attention moe');
    expect(sharedExperts(plan)).toEqual([false]);
  });

  it('derives the mixers of Qwen3-Next and Qwen 3.5 from the interval, 4 where it is left out', () => {
    const sizes = { num_attention_heads: 16, linear_num_value_heads: 32, intermediate_size: 8 };
    expect(layersOf({ model_type: 'qwen3_5_text', num_hidden_layers: 8, ...sizes })).toEqual(
      ['linear mlp', 'linear mlp', 'linear mlp', 'attention mlp'].flatMap((l, i, all) =>
        i === 3 ? [l, ...all] : [l],
      ),
    );
    const next = readModelPlan({
      model_type: 'qwen3_next',
      num_hidden_layers: 4,
      full_attention_interval: 2,
      num_experts: 512,
      decoder_sparse_step: 1,
      mlp_only_layers: [2],
      shared_expert_intermediate_size: 512,
    });
    expect(runs(next)).toBe('linear moe, attention moe, linear mlp, attention moe');
    expect(sharedExperts(next)).toEqual([true]);
  });

  it('says which usual value it took', () => {
    const plan = readModelPlan({ model_type: 'qwen3_5_text', num_hidden_layers: 4 });
    expect(plan.notes).toContain(
      'It leaves out full_attention_interval; 4 was assumed, as Transformers does.',
    );
  });

  it('follows decoder_sparse_step of the Qwen experts', () => {
    expect(
      layersOf({
        model_type: 'qwen2_moe',
        num_hidden_layers: 4,
        num_attention_heads: 8,
        num_experts: 60,
        decoder_sparse_step: 2,
      }),
    ).toEqual(['attention mlp', 'attention moe', 'attention mlp', 'attention moe']);
  });

  it('counts the layers of Kimi Linear from 1', () => {
    const plan = readModelPlan({
      model_type: 'kimi_linear',
      num_hidden_layers: 4,
      linear_attn_config: { kda_layers: [1, 2, 3], full_attn_layers: [4], num_heads: 32 },
      first_k_dense_replace: 1,
      moe_layer_freq: 1,
      num_experts: 256,
      num_experts_per_token: 8,
      num_shared_experts: 1,
    });
    expect(runs(plan)).toBe('linear mlp, 2x linear moe, attention moe');
  });

  it('reads the attention flags of MiniMax', () => {
    expect(
      layersOf({
        model_type: 'minimax_text_01',
        num_hidden_layers: 3,
        attn_type_list: [0, 0, 1],
        num_local_experts: 32,
      }),
    ).toEqual(['linear moe', 'linear moe', 'attention moe']);
    const m2 = readModelPlan({
      model_type: 'minimax_m2',
      num_hidden_layers: 2,
      attn_type_list: [1, 1],
      num_local_experts: 256,
      shared_intermediate_size: 0,
    });
    expect(runs(m2)).toBe('2x attention moe');
    expect(sharedExperts(m2)).toEqual([false]);
  });

  it('gives Granite 4 hybrid its shared MLP alone where it has no experts', () => {
    const plan = readModelPlan({
      model_type: 'granitemoehybrid',
      num_hidden_layers: 2,
      num_attention_heads: 16,
      layer_types: ['mamba', 'attention'],
      num_local_experts: 0,
      intermediate_size: 512,
      shared_intermediate_size: 4096,
    });
    expect(runs(plan)).toBe('mamba mlp, attention mlp');
    expect(plan.sizes.intermediate).toBe(4096);
  });

  it('reads Zamba from its list and from its period', () => {
    expect(
      layersOf({
        model_type: 'zamba',
        layers_block_type: ['mamba', 'hybrid'],
        num_hidden_layers: 2,
      }),
    ).toEqual(['mamba', 'attention mlp mamba']);
    const hybrid = layersOf({ model_type: 'zamba', num_hidden_layers: 15 }).flatMap((layer, i) =>
      layer === 'mamba' ? [] : [i],
    );
    expect(hybrid).toEqual([2, 7, 13]);
  });

  it('reads LFM2 from its attention indices', () => {
    expect(
      layersOf({
        model_type: 'lfm2',
        num_hidden_layers: 3,
        full_attn_idxs: [2],
        conv_L_cache: 3,
        num_attention_heads: 32,
      }),
    ).toEqual(['short_conv mlp', 'short_conv mlp', 'attention mlp']);
  });

  it.each([
    [
      'mamba',
      { model_type: 'mamba', num_hidden_layers: 2, state_size: 16, intermediate_size: 5120 },
    ],
    ['falcon_mamba', { model_type: 'falcon_mamba', num_hidden_layers: 2, intermediate_size: 8192 }],
    ['mamba3', { d_model: 2048, n_layer: 2, d_intermediate: 0, ssm_cfg: { layer: 'Mamba3' } }],
  ])('%s has mixers only', (family, config) => {
    const plan = readModelPlan(config);
    expect(plan.family).toBe(family);
    expect(runs(plan)).toBe('2x mamba');
  });

  it('reads the attention layers of a mamba-ssm hybrid', () => {
    expect(
      layersOf({
        d_model: 2560,
        n_layer: 3,
        d_intermediate: 0,
        ssm_cfg: { layer: 'Mamba2' },
        attn_layer_idx: [1],
        attn_cfg: { num_heads: 30 },
      }),
    ).toEqual(['mamba', 'attention', 'mamba']);
  });

  it('reads transformers under the keys of GPT-2, GPT-NeoX and Phi', () => {
    const gpt2 = readModelPlan({ model_type: 'gpt2', n_layer: 2, n_head: 12, n_embd: 768 });
    expect(runs(gpt2)).toBe('2x attention mlp');
    expect(gpt2.sizes).toMatchObject({ hidden: 768, heads: 12, keyValueHeads: 12, headDim: 64 });
    expect(
      layersOf({ model_type: 'gpt_neox', num_hidden_layers: 1, num_attention_heads: 8 }),
    ).toEqual(['attention mlp']);
    expect(layersOf({ model_type: 'phi', num_hidden_layers: 1, num_attention_heads: 8 })).toEqual([
      'attention/mlp',
    ]);
    expect(
      layersOf({
        model_type: 'falcon',
        num_hidden_layers: 1,
        num_attention_heads: 8,
        parallel_attn: true,
      }),
    ).toEqual(['attention/mlp']);
  });

  it('places the experts of DeepSeek, Ernie, Llama 4, MiMo and Step', () => {
    expect(
      layersOf({
        model_type: 'deepseek_v2',
        num_hidden_layers: 4,
        num_attention_heads: 8,
        n_routed_experts: 64,
        first_k_dense_replace: 1,
        moe_layer_freq: 2,
      }),
    ).toEqual(['attention mlp', 'attention mlp', 'attention moe', 'attention mlp']);
    expect(
      layersOf({
        model_type: 'ernie4_5_moe',
        num_hidden_layers: 5,
        num_attention_heads: 8,
        moe_num_experts: 64,
        moe_layer_start_index: 1,
        moe_layer_end_index: 3,
        moe_layer_interval: 2,
      }),
    ).toEqual([
      'attention mlp',
      'attention moe',
      'attention mlp',
      'attention moe',
      'attention mlp',
    ]);
    const llama4 = readModelPlan({
      model_type: 'llama4',
      text_config: {
        model_type: 'llama4_text',
        num_hidden_layers: 4,
        num_attention_heads: 8,
        num_local_experts: 128,
        interleave_moe_layer_step: 2,
        intermediate_size: 8192,
        intermediate_size_mlp: 16384,
      },
    });
    expect(runs(llama4)).toBe('attention mlp, attention moe, attention mlp, attention moe');
    expect(sharedExperts(llama4)).toEqual([true]);
    expect(llama4.sizes).toMatchObject({ intermediate: 16384, expertIntermediate: 8192 });
    expect(
      layersOf({
        model_type: 'mimo_v2_flash',
        num_hidden_layers: 2,
        num_attention_heads: 8,
        n_routed_experts: 256,
        moe_layer_freq: [0, 1],
      }),
    ).toEqual(['attention mlp', 'attention moe']);
    expect(
      layersOf({
        model_type: 'step3p5',
        num_hidden_layers: 3,
        num_attention_heads: 8,
        n_routed_experts: 288,
        moe_layers_enum: '1,2',
      }),
    ).toEqual(['attention mlp', 'attention moe', 'attention moe']);
  });

  it('gives Longcat its two attentions with experts beside the first MLP', () => {
    expect(
      layersOf({
        model_type: 'longcat_flash',
        num_layers: 1,
        num_hidden_layers: 2,
        n_routed_experts: 512,
      }),
    ).toEqual(['attention moe/mlp attention mlp']);
  });

  it('reads a model that an architecture search thinned out', () => {
    expect(
      layersOf({
        model_type: 'nemotron-nas',
        num_hidden_layers: 2,
        block_configs: [
          { attention: { no_op: true }, ffn: { ffn_mult: 2.6 } },
          { attention: { no_op: false, n_heads_in_group: 8 }, ffn: { no_op: true } },
        ],
      }),
    ).toEqual(['mlp', 'attention']);
  });
});

describe('models nobody has listed', () => {
  it('reads lists, periods and experts by their keys', () => {
    expect(
      layersOf({
        model_type: 'wobble',
        layer_types: ['mamba', 'sliding_attention', 'gated_deltanet', 'conv'],
      }),
    ).toEqual(['mamba mlp', 'attention mlp', 'linear mlp', 'short_conv mlp']);
    expect(
      layersOf({ model_type: 'wobble', layers_block_type: ['mamba', 'mlp', 'attention'] }),
    ).toEqual(['mamba', 'mlp', 'attention']);
    expect(
      layersOf({
        model_type: 'wobble',
        num_hidden_layers: 4,
        attn_layer_period: 4,
        attn_layer_offset: 3,
        mamba_d_state: 16,
        expert_layer_period: 2,
        expert_layer_offset: 1,
        num_local_experts: 8,
        num_attention_heads: 8,
        intermediate_size: 64,
      }),
    ).toEqual(['mamba mlp', 'mamba moe', 'mamba mlp', 'attention moe']);
  });

  it('takes linear_attention as what the configuration has sizes of', () => {
    const list = { model_type: 'wobble', layer_types: ['linear_attention'], intermediate_size: 8 };
    expect(layersOf({ ...list, mamba_n_heads: 8 })).toEqual(['mamba mlp']);
    expect(layersOf({ ...list, linear_num_value_heads: 8 })).toEqual(['linear mlp']);
    expect(layersOf({ ...list, conv_L_cache: 3 })).toEqual(['short_conv mlp']);
  });

  it('does not know of a shared expert where nothing is said', () => {
    const plan = readModelPlan({
      model_type: 'wobble',
      num_hidden_layers: 1,
      num_attention_heads: 8,
      num_experts: 8,
    });
    expect(sharedExperts(plan)).toEqual([null]);
    expect(plan.notes).toContain('It does not say whether the experts have a shared one.');
  });

  it('says that prediction layers are left out', () => {
    const plan = readModelPlan({
      model_type: 'w',
      num_attention_heads: 8,
      num_hidden_layers: 1,
      num_nextn_predict_layers: 1,
    });
    expect(plan.notes.join(' ')).toContain('1 further layer for predicting');
  });

  it('uses the first layers of a list that is longer than the model', () => {
    const plan = readModelPlan({
      model_type: 'wobble',
      num_hidden_layers: 1,
      layer_types: ['full_attention', 'sliding_attention'],
    });
    expect(plan.layers).toHaveLength(1);
    expect(plan.notes.join(' ')).toContain('states 1 layers and lists 2');
  });
});

describe('what is no configuration', () => {
  it.each([
    [[], 'It is not a JSON object.'],
    ['text', 'It is not a JSON object.'],
    [{ name: 'package' }, 'It names neither a model_type nor architectures'],
    [{ traceEvents: [] }, 'It names neither a model_type nor architectures'],
    [{ model_type: 'bert' }, 'It does not say how many layers the model has'],
    [{ model_type: 't5', is_encoder_decoder: true, num_layers: 6 }, 'an encoder with a decoder'],
    [{ model_type: 'x', num_hidden_layers: 2 }, 'neither attention heads nor'],
    [{ model_type: 'x', layer_types: ['wobble'] }, "It names layer 0 'wobble', a kind"],
    [{ model_type: 'x', layer_types: [1] }, "Its 'layer_types' must be a list of texts"],
    [{ model_type: 'x', layer_types: [] }, "Its 'layer_types' is empty"],
    [
      { model_type: 'x', num_hidden_layers: 2, num_attention_heads: 8, mamba_d_state: 16 },
      'sizes of both attention and mamba',
    ],
  ])('%j', (config, sentence) => {
    expect(() => readModelPlan(config)).toThrow(ModelConfigError);
    expect(() => readModelPlan(config)).toThrow(sentence);
  });

  it('reads the bare numbers of Python, not inside texts', () => {
    expect(
      parseConfigurationText('{"a": [0.0, Infinity, -Infinity, NaN], "b": "NaN \\" x"}'),
    ).toEqual({ a: [0, null, null, null], b: 'NaN " x' });
    expect(() => parseConfigurationText('model_type: x')).toThrow('It is not JSON');
  });
});

describe('a pattern of one’s own', () => {
  const codeModel = {
    name: 'code model',
    sharedExpert: false,
    sizes: { hidden: 1024, experts: 8, expertsPerToken: 2 },
    layers: [
      { repeat: 8, parts: ['attention', 'mlp'], comment: 'plain transformer' },
      { repeat: 8, parts: ['attention', 'mlp'], comment: 'Transformer Engine' },
      { repeat: 8, parts: ['mamba', 'mlp'], comment: 'Mamba-3' },
      { at: [6, 12], parts: ['attention', 'moe'] },
      { at: [18, 22], parts: ['mamba', 'moe'] },
    ],
  };

  it('states the 24-layer code model', () => {
    const plan = readModelPlan(codeModel);
    expect(plan.family).toBe('code model');
    expect(runs(plan)).toBe(
      '6x attention mlp, attention moe, 5x attention mlp, attention moe, 3x attention mlp, ' +
        '2x mamba mlp, mamba moe, 3x mamba mlp, mamba moe, mamba mlp',
    );
    expect(sharedExperts(plan)).toEqual([false]);
    expect(plan.sizes).toMatchObject({ hidden: 1024, experts: 8, expertsPerToken: 2, heads: null });
  });

  it('runs a list inside the list side by side', () => {
    expect(layersOf({ name: 'x', layers: [{ parts: [['mamba', 'attention'], 'mlp'] }] })).toEqual([
      'mamba/attention mlp',
    ]);
  });

  it.each([
    [{ layers: [] }, "Its 'name' must be a text"],
    [{ name: 'x', layers: [] }, "Its 'layers' make no layer"],
    [{ name: 'x', layers: [{ parts: ['mixer'] }] }, "Entry 0 of its 'layers' needs 'parts'"],
    [{ name: 'x', layers: [{ repeat: 0, parts: [] }] }, 'needs a whole number from 1'],
    [{ name: 'x', layers: [{ repeat: 1, at: [0], parts: [] }] }, "both 'repeat' and 'at'"],
    [{ name: 'x', layers: [{ at: [], parts: [] }] }, 'needs a list of layer indices'],
    [{ name: 'x', layers: [{ parts: [] }, { at: [1], parts: [] }] }, 'It replaces layer 1, but'],
    [{ name: 'x', layer: 1, layers: [] }, "It has a key 'layer', which means nothing"],
    [{ name: 'x', layers: [{ parts: [], times: 2 }] }, "has a key 'times'"],
    [{ name: 'x', sizes: { heads: 0 }, layers: [{ parts: [] }] }, "size 'heads' must be"],
  ])('%j', (pattern, sentence) => {
    expect(() => readModelPlan(pattern)).toThrow(sentence);
  });
});
