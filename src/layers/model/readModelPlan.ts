import { isJsonObject, type JsonObject } from '../../formats/jsonObject.js';
import { ConfigFields } from './configFields.js';
import { isLayerPattern, readLayerPattern } from './layerPattern.js';
import { familyFacts, type FamilyFacts } from './familyFacts.js';
import { expertLayers, hasSharedExpert } from './feedForward.js';
import { layerMixers } from './layerMixers.js';
import { ModelConfigError } from './modelConfigError.js';
import type { LayerPart, LayerPlan, ModelPlan } from './modelPlan.js';
import { modelSizes } from './modelSizes.js';
import { layerParts } from './partNotation.js';

/** Where a configuration of several models keeps the one that generates text, outermost first. */
const LANGUAGE_SECTIONS = [
  'thinker_config',
  'text_config',
  'llm_config',
  'language_config',
  'language_model_config',
];

/**
 * What a model's forward pass does, from its `config.json` as Transformers, vLLM or mamba-ssm write
 * it, or from a pattern of one's own (`docs/attribution.md`).
 *
 * @param config the parsed file; `parseConfigurationText` reads one
 * @throws ModelConfigError with a sentence that follows the file's name: what is missing or wrong
 */
export function readModelPlan(config: unknown): ModelPlan {
  if (!isJsonObject(config)) {
    throw new ModelConfigError('It is not a JSON object.');
  }
  if (isLayerPattern(config)) {
    return readLayerPattern(config);
  }
  const notes: string[] = [];
  const language = languageSection(config, notes);
  const family = familyName(language) ?? familyName(config);
  if (family === null) {
    throw new ModelConfigError(
      'It names neither a model_type nor architectures, and it is no layer pattern.',
    );
  }
  if (language['is_encoder_decoder'] === true) {
    throw new ModelConfigError(
      'It is of an encoder with a decoder; only models with one stack of layers can be matched.',
    );
  }
  const facts = familyFacts(family);
  const fields = new ConfigFields(language, facts.defaults, facts.keys);
  const layers = layerPlans(fields, facts, notes);
  const sizes = modelSizes(fields, facts, layers);
  return { family, layers, sizes, notes: [...notes, ...notesOn(fields, layers)] };
}

function layerPlans(fields: ConfigFields, facts: FamilyFacts, notes: string[]): LayerPlan[] {
  const mixers = layerMixers(fields, facts, notes);
  const shared = hasSharedExpert(fields) ?? facts.sharedExpert;
  const hasExperts = expertLayers(fields);
  const noFeedForward = mixers.whole || isMixerOnly(fields, mixers.layers.flat(2));
  const parallel = isParallel(fields, facts);
  return mixers.layers.map((mixer, i) => {
    const parts = layerParts(mixer, shared);
    if (!noFeedForward) {
      const after = hasExperts(i) ? facts.experts : (['mlp'] as const);
      const feedForward = layerParts([...after, ...facts.afterFeedForward], shared);
      parts.push(...(parallel ? beside(feedForward) : feedForward));
    }
    return { parts };
  });
}

function beside([first, ...rest]: LayerPart[]): LayerPart[] {
  return first === undefined ? [] : [{ ...first, parallel: true }, ...rest];
}

function isParallel(fields: ConfigFields, facts: FamilyFacts): boolean {
  return facts.parallelKey === null
    ? facts.parallelFeedForward
    : fields.config[facts.parallelKey] === true;
}

/** A stack of Mamba mixers without the width of an MLP has none (mamba-ssm: `d_intermediate` 0). */
function isMixerOnly(fields: ConfigFields, kinds: readonly string[]): boolean {
  return (
    kinds.every((kind) => kind === 'mamba' || kind === 'attention') &&
    kinds.includes('mamba') &&
    (fields.count('denseWidth') ?? 0) === 0 &&
    (fields.count('experts') ?? 0) < 2
  );
}

function languageSection(config: JsonObject, notes: string[]): JsonObject {
  let section = config;
  const path: string[] = [];
  for (const key of LANGUAGE_SECTIONS) {
    const inner = section[key];
    if (isJsonObject(inner)) {
      section = inner;
      path.push(key);
    }
  }
  if (path.length > 0) {
    notes.push(
      `Only the language model (${path.join('.')}) is described; layers of other parts of the model are not.`,
    );
  }
  return section;
}

/** `model_type`, else a name from `architectures`, else what mamba-ssm's own files tell. */
function familyName(config: JsonObject): string | null {
  const type = config['model_type'];
  if (typeof type === 'string' && type !== '') {
    return type;
  }
  const architectures: unknown = config['architectures'];
  const [name] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  if (typeof name === 'string') {
    return familyOfClass(name);
  }
  const ssm = config['ssm_cfg'];
  if (isJsonObject(ssm)) {
    const layer = ssm['layer'];
    return typeof layer === 'string' ? layer.toLowerCase().replace(/^mamba1$/, 'mamba') : 'mamba';
  }
  return null;
}

/** NemotronHForCausalLM as nemotron_h. */
function familyOfClass(name: string): string {
  return name
    .replace(/(For[A-Z]\w*|LMHeadModel|Model)$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function notesOn(fields: ConfigFields, layers: readonly LayerPlan[]): string[] {
  const notes = [...fields.assumed].map(
    ([key, value]) =>
      `It leaves out ${key}; ${JSON.stringify(value)} was assumed, as Transformers does.`,
  );
  const extra = fields.count('predictionLayers') ?? 0;
  if (extra > 0) {
    notes.push(
      `It has ${extra} further ${extra === 1 ? 'layer' : 'layers'} for predicting several tokens, which the plan leaves out.`,
    );
  }
  if (layers.some(({ parts }) => parts.some((p) => p.kind === 'moe' && p.sharedExpert === null))) {
    notes.push('It does not say whether the experts have a shared one.');
  }
  return notes;
}
