import { isJsonObject } from '../../formats/jsonObject.js';
import { type ConfigFields } from './configFields.js';
import type { FamilyFacts } from './familyFacts.js';
import layerWords from './layerWords.json';
import { ModelConfigError } from './modelConfigError.js';
import type { PartKind } from './modelPlan.js';
import { isPartKind, type PartNotation } from './partNotation.js';

/** Letters of `hybrid_override_pattern` (Nemotron-H, Megatron); "|" only cuts pipeline stages. */
const PATTERN_LETTERS: Readonly<Record<string, string>> = {
  M: 'mamba',
  G: 'gated_delta_net',
  '*': 'attention',
  '-': 'mlp',
  E: 'moe',
};

const WORDS = layerWords.map(({ word, parts }) => ({ pattern: new RegExp(word, 'i'), parts }));

/** Keys that only a model with such a mixer has. */
const RECURRENT_KEYS: readonly (readonly [PartKind, readonly string[]])[] = [
  ['short_conv', ['conv_L_cache']],
  ['linear_attention', ['linear_num_value_heads', 'linear_num_heads', 'linear_attn_config']],
  [
    'mamba',
    [
      'mamba_d_state',
      'mamba_num_heads',
      'mamba_n_heads',
      'n_mamba_heads',
      'ssm_state_size',
      'state_size',
      'ssm_cfg',
    ],
  ],
];

/** The mixers of each layer, or all its parts where the configuration lists those one by one. */
export interface LayerMixers {
  readonly layers: readonly PartNotation[];
  /** each entry is a whole layer: no feed-forward part follows it */
  readonly whole: boolean;
}

/** @throws ModelConfigError where the configuration does not tell them */
export function layerMixers(
  fields: ConfigFields,
  facts: FamilyFacts,
  notes: string[],
): LayerMixers {
  const blocks = fields.list('blocks');
  if (blocks !== null) {
    return { layers: blocks.map(blockParts), whole: true };
  }
  const words = statedWords(fields, facts, notes);
  if (words !== null) {
    const layers = words.map((word, i) => wordParts(word, i, fields, facts, notes));
    const whole = facts.feedForward === 'none' || layers.some(isFeedForward);
    return { layers, whole };
  }
  const count = layerCount(fields);
  return {
    layers: new Array<PartNotation>(count).fill(facts.layer ?? everyLayer(fields)),
    whole: facts.feedForward === 'none',
  };
}

/** A list that names feed-forward parts has one part a layer (Nemotron-H). */
function isFeedForward(parts: PartNotation): boolean {
  return parts.length === 1 && (parts[0] === 'mlp' || parts[0] === 'moe');
}

/** One word a layer, from whichever form the configuration has; null where it has none. */
function statedWords(
  fields: ConfigFields,
  facts: FamilyFacts,
  notes: string[],
): readonly string[] | null {
  const pattern = fields.text('pattern');
  const words =
    fields.words('layerWords') ?? (pattern === null ? null : patternWords(pattern, notes));
  if (words !== null) {
    return fitted(words, fields, notes);
  }
  const byIndex = wordOfLayer(fields, facts);
  return byIndex === null ? null : Array.from({ length: layerCount(fields) }, (_, i) => byIndex(i));
}

function wordOfLayer(fields: ConfigFields, facts: FamilyFacts): ((layer: number) => string) | null {
  const repeated = fields.words('repeatedWords');
  if (repeated !== null && repeated.length > 0) {
    return (i) => repeated[i % repeated.length];
  }
  const flags = fields.list('attentionFlags');
  if (flags !== null) {
    return (i) => (flags[i] === 1 ? 'attention' : 'lightning_attention'); // MiniMax-01
  }
  const fromOne = fields.indices('attentionLayersFromOne');
  if (fromOne !== null) {
    return (i) => (fromOne.has(i + 1) ? 'attention' : 'kda'); // Kimi Linear counts from 1
  }
  const chosen = fields.indices('attentionLayers');
  if (chosen !== null) {
    return (i) => (chosen.has(i) ? 'attention' : 'linear_attention');
  }
  const hybrid = fields.indices('hybridLayers');
  if (hybrid !== null) {
    return (i) => (hybrid.has(i) ? 'hybrid' : 'linear_attention');
  }
  const period = fields.count('attentionPeriod');
  const offset = period === null ? null : fields.count('attentionOffset');
  if (period !== null && period > 0 && offset !== null) {
    const { lead, periodWord } = facts;
    return (i) =>
      lead[i] ?? ((i - lead.length) % period === offset ? periodWord : 'linear_attention');
  }
  const interval = fields.count('attentionInterval');
  if (interval !== null && interval > 0) {
    return (i) => ((i + 1) % interval === 0 ? 'attention' : 'linear_attention');
  }
  return null;
}

function patternWords(pattern: string, notes: string[]): string[] {
  const [main, ...prediction] = pattern.split('/'); // Megatron writes the prediction layers behind it
  if (prediction.length > 0) {
    notes.push('The pattern behind "/" is left out: it is for layers that predict further tokens.');
  }
  return [...main.replaceAll('|', '')].map((letter, i) => {
    const word = PATTERN_LETTERS[letter];
    if (word === undefined) {
      throw new ModelConfigError(
        `Its layer pattern has '${letter}' at position ${i}, which means no layer: ` +
          'M is Mamba, * attention, - an MLP, E experts.',
      );
    }
    return word;
  });
}

/** The list as long as the model: a configuration cut to fewer layers often keeps the whole list. */
function fitted(
  words: readonly string[],
  fields: ConfigFields,
  notes: string[],
): readonly string[] {
  const stated = fields.count('layers');
  if (words.length === 0) {
    throw new ModelConfigError(`Its '${fields.keyOf('layerWords')}' is empty.`);
  }
  if (stated === null || stated === words.length || fields.config['model_type'] === 'nemotron_h') {
    return words; // Nemotron-H goes by the list alone
  }
  notes.push(
    `It states ${stated} layers and lists ${words.length}; ` +
      (stated < words.length ? `the first ${stated} are used.` : 'the list is used.'),
  );
  return stated < words.length ? words.slice(0, stated) : words;
}

function wordParts(
  word: string,
  layer: number,
  fields: ConfigFields,
  facts: FamilyFacts,
  notes: string[],
): PartNotation {
  const parts = WORDS.find(({ pattern }) => pattern.test(word))?.parts;
  if (parts === undefined) {
    throw new ModelConfigError(
      `It names layer ${layer} '${word}', a kind that Layerscope does not know. ` +
        'Describe the model in .layerscope/model.json instead.',
    );
  }
  if (parts === 'recurrent') {
    return facts.words.recurrent ?? [recurrentKind(fields) ?? 'linear_attention'];
  }
  if (parts === 'hybrid') {
    return facts.words.hybrid ?? assumedHybrid(fields, notes);
  }
  return (parts as readonly string[]).filter(isPartKind);
}

function assumedHybrid(fields: ConfigFields, notes: string[]): PartNotation {
  const recurrent = recurrentKind(fields) ?? 'mamba';
  const note = `It names layers 'hybrid'; they were taken as attention beside ${recurrent}.`;
  if (!notes.includes(note)) {
    notes.push(note);
  }
  return [[recurrent, 'attention']];
}

function recurrentKind(fields: ConfigFields): PartKind | null {
  return RECURRENT_KEYS.find(([, keys]) => keys.some((key) => fields.has(key)))?.[0] ?? null;
}

/** The mixer of a model that says nothing about its layers. */
function everyLayer(fields: ConfigFields): PartNotation {
  const recurrent = recurrentKind(fields);
  const heads = fields.count('heads');
  if (recurrent === null && heads === null) {
    throw new ModelConfigError(
      'It has neither attention heads nor the sizes of another mixer, so its layers cannot be told. ' +
        'Describe the model in .layerscope/model.json instead.',
    );
  }
  if (recurrent === null || heads === null) {
    return [recurrent ?? 'attention'];
  }
  throw new ModelConfigError(
    `It has sizes of both attention and ${recurrent} but does not say which layer has which. ` +
      'Describe the model in .layerscope/model.json instead.',
  );
}

/** How many layers the model has. @throws ModelConfigError where it does not say */
function layerCount(fields: ConfigFields): number {
  const count =
    fields.count('layers') ??
    fields.list('attentionFlags')?.length ??
    fields.list('feedForwardWords')?.length ??
    0;
  if (count === 0) {
    throw new ModelConfigError(
      'It does not say how many layers the model has (num_hidden_layers, or a list of layers).',
    );
  }
  return count;
}

/** One layer of a model that an architecture search thinned out (Nemotron Super: `block_configs`). */
function blockParts(block: unknown, layer: number): PartNotation {
  if (!isJsonObject(block)) {
    throw new ModelConfigError(`Its block_configs has no object for layer ${layer}.`);
  }
  const has = (key: string) => {
    const part = block[key];
    return isJsonObject(part) && part['no_op'] !== true && part['replace_with_linear'] !== true;
  };
  return [
    ...(has('attention') ? (['attention'] as const) : []),
    ...(has('ffn') ? (['mlp'] as const) : []),
  ];
}
