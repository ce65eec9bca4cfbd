import { isJsonObject, type JsonObject } from '../../formats/jsonObject.js';
import { ModelConfigError } from './modelConfigError.js';

/**
 * The names configurations have for one thing, the usual one first. A dot leads into a section
 * (`ffn_config.moe_num_experts` of DBRX).
 */
const CONFIG_KEYS = {
  layers: ['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers'],
  hidden: ['hidden_size', 'n_embd', 'd_model', 'dim'],
  vocabulary: ['vocab_size', 'padded_vocab_size'],
  heads: ['num_attention_heads', 'n_head', 'n_heads'],
  keyValueHeads: [
    'num_key_value_heads',
    'num_kv_heads',
    'n_head_kv',
    'multi_query_group_num',
    'attn_config.kv_n_heads',
  ],
  headDim: ['attention_head_dim', 'head_dim', 'attn_config.head_dim'],
  /** latent attention: the part of a head without, and with a position */
  nopeHeadDim: ['qk_nope_head_dim'],
  ropeHeadDim: ['qk_rope_head_dim'],
  latentKeyValue: ['kv_lora_rank'],
  denseWidth: [
    'intermediate_size_mlp',
    'dense_intermediate_size',
    'intermediate_size',
    'ffn_hidden_size',
    'n_inner',
    'ffn_dim',
    'block_ff_dim',
    'd_intermediate',
    'ffn_config.ffn_hidden_size',
  ],
  expertWidth: [
    'moe_intermediate_size',
    'moe_ffn_hidden_size',
    'expert_ffn_hidden_size',
    'expert_intermediate_size',
    'ffn_config.ffn_hidden_size',
    'intermediate_size',
  ],
  sharedWidth: ['shared_intermediate_size'],
  experts: [
    'n_routed_experts',
    'num_experts',
    'num_local_experts',
    'moe_num_experts',
    'num_routed_experts',
    'ffn_config.moe_num_experts',
  ],
  expertsPerToken: [
    'num_experts_per_tok',
    'num_experts_per_token',
    'moe_topk',
    'moe_top_k',
    'moe_k',
    'top_k_experts',
    'ffn_config.moe_top_k',
  ],
  /** any of them above 0 says that the experts have a shared one */
  sharedExpert: [
    'n_shared_experts',
    'num_shared_experts',
    'num_shared_expert',
    'moe_num_shared_experts',
    'shared_expert_intermediate_size',
    'moe_shared_expert_intermediate_size',
    'shared_intermediate_size',
    'share_expert_dim',
  ],
  /** false: the experts are not built */
  hasExperts: ['enable_moe_block', 'is_moe', 'use_moe'],

  // Which mixer a layer has
  layerWords: ['layers_block_type', 'layer_types'],
  repeatedWords: ['block_types'],
  pattern: ['hybrid_override_pattern', 'hybrid_layer_pattern'],
  attentionFlags: ['attn_type_list'],
  blocks: ['block_configs'],
  attentionLayersFromOne: ['linear_attn_config.full_attn_layers'],
  attentionLayers: ['attn_layer_indices', 'full_attn_idxs', 'attn_layer_idx'],
  hybridLayers: ['hybrid_layer_ids'],
  attentionPeriod: ['attn_layer_period'],
  attentionOffset: ['attn_layer_offset'],
  attentionInterval: ['full_attention_interval', 'layer_group_size'],

  // Which layers have experts
  feedForwardWords: ['mlp_layer_types'],
  expertLayers: ['moe_layers', 'moe_layers_enum'],
  /** a number, or a list with one flag a layer */
  expertFrequency: ['moe_layer_freq'],
  expertPeriod: ['expert_layer_period'],
  expertOffset: ['expert_layer_offset'],
  expertInterval: ['moe_layer_interval'],
  firstExpertLayer: ['moe_layer_start_index'],
  lastExpertLayer: ['moe_layer_end_index'],
  expertStep: ['interleave_moe_layer_step', 'decoder_sparse_step'],
  denseLayers: ['mlp_only_layers'],
  leadingDense: ['first_k_dense_replace', 'num_dense_layers', 'dense_mlp_idx'],

  /** layers after the last one, for predicting several tokens */
  predictionLayers: ['num_nextn_predict_layers', 'mtp_num_hidden_layers', 'num_mtp_layers'],
} as const satisfies Record<string, readonly string[]>;

export type Concept = keyof typeof CONFIG_KEYS;

function at(object: JsonObject, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (isJsonObject(value) ? value[key] : undefined), object);
}

/** A configuration asked by what is meant, not by key. */
export class ConfigFields {
  /** keys the configuration left out whose usual value was taken, in the order they were asked for */
  readonly assumed = new Map<string, unknown>();

  /**
   * @param defaults values of the model's family for keys that are left out
   * @param ownKeys keys that come before the usual ones in this family
   */
  constructor(
    readonly config: JsonObject,
    private readonly defaults: JsonObject,
    private readonly ownKeys: Readonly<Partial<Record<Concept, readonly string[]>>>,
  ) {}

  /** Whether one of a concept's keys is there, if only as null. */
  isStated(concept: Concept): boolean {
    return this.keys(concept).some((key) => at(this.config, key) !== undefined);
  }

  has(key: string): boolean {
    const value = at(this.config, key);
    return value !== undefined && value !== null;
  }

  /** A count or size; of one a layer the largest; null where none is given. */
  count(concept: Concept): number | null {
    const value = this.value(concept);
    const largest = Array.isArray(value)
      ? value.reduce<number>((most, each) => (isCount(each) ? Math.max(most, each) : most), -1)
      : value;
    return isCount(largest) ? largest : null;
  }

  /** All counts that the concept's keys state. */
  counts(concept: Concept): number[] {
    return this.keys(concept)
      .map((key) => at(this.config, key))
      .filter(isCount);
  }

  list(concept: Concept): readonly unknown[] | null {
    const value = this.value(concept);
    return Array.isArray(value) ? value : null;
  }

  /** Layer indices, given as a list or as "4,5,6". */
  indices(concept: Concept): ReadonlySet<number> | null {
    const value = this.value(concept);
    const list =
      typeof value === 'string'
        ? value.split(',').filter((part) => part.trim() !== '')
        : Array.isArray(value)
          ? value
          : null;
    return list === null ? null : new Set(list.map(Number));
  }

  text(concept: Concept): string | null {
    const value = this.value(concept);
    return typeof value === 'string' && value !== '' ? value : null;
  }

  flag(concept: Concept): boolean | null {
    const value = this.value(concept);
    return typeof value === 'boolean' ? value : null;
  }

  /** A list of one text a layer. @throws ModelConfigError where it holds something else */
  words(concept: Concept): readonly string[] | null {
    const list = this.list(concept);
    if (list !== null && !list.every((word) => typeof word === 'string')) {
      throw new ModelConfigError(
        `Its '${this.keyOf(concept)}' must be a list of texts, one a layer.`,
      );
    }
    return list as readonly string[] | null;
  }

  /** The key that states a concept, for sentences. */
  keyOf(concept: Concept): string {
    return this.keys(concept).find((key) => this.has(key)) ?? CONFIG_KEYS[concept][0];
  }

  private value(concept: Concept): unknown {
    const keys = this.keys(concept);
    const stated = keys.find((key) => this.has(key));
    if (stated !== undefined) {
      return at(this.config, stated);
    }
    const usual = keys.find((key) => this.defaults[key] !== undefined);
    if (usual === undefined) {
      return undefined;
    }
    this.assumed.set(usual, this.defaults[usual]);
    return this.defaults[usual];
  }

  private keys(concept: Concept): readonly string[] {
    return [...(this.ownKeys[concept] ?? []), ...CONFIG_KEYS[concept]];
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
