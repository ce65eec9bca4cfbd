import { isJsonObject, type JsonObject } from '../../formats/jsonObject.js';
import { ModelConfigError } from './modelConfigError.js';
import { PART_KINDS, type LayerPlan, type ModelPlan, type ModelSizes } from './modelPlan.js';
import { isPartKind, layerParts, type PartNotation } from './partNotation.js';

const SIZE_KEYS = [
  'hidden',
  'vocabulary',
  'heads',
  'keyValueHeads',
  'headDim',
  'intermediate',
  'expertIntermediate',
  'experts',
  'expertsPerToken',
] as const satisfies readonly (keyof ModelSizes)[];

const PATTERN_KEYS = ['$schema', 'name', 'sharedExpert', 'sizes', 'layers'];
const ENTRY_KEYS = ['repeat', 'at', 'parts', 'comment'];

/** Whether a JSON object is a pattern of one's own, not a model's `config.json`. */
export function isLayerPattern(config: JsonObject): boolean {
  return Array.isArray(config['layers']) && config['model_type'] === undefined;
}

/**
 * A pattern of one's own: entries with `repeat` append layers, entries with `at` then replace some
 * by index (from 0). `schemas/model.schema.json` describes it.
 *
 * @throws ModelConfigError with a sentence that says which entry is wrong
 */
export function readLayerPattern(pattern: JsonObject): ModelPlan {
  onlyKnown(pattern, PATTERN_KEYS, 'It');
  const name = pattern['name'];
  if (typeof name !== 'string' || name.trim() === '') {
    throw new ModelConfigError(`Its 'name' must be a text: what the model is called.`);
  }
  const shared = pattern['sharedExpert'] ?? null;
  if (shared !== null && typeof shared !== 'boolean') {
    throw new ModelConfigError(`Its 'sharedExpert' must be true or false.`);
  }
  const layers: LayerPlan[] = [];
  const replacements: { readonly at: readonly number[]; readonly plan: LayerPlan }[] = [];
  for (const [i, entry] of (pattern['layers'] as unknown[]).entries()) {
    const where = `Entry ${i} of its 'layers'`;
    if (!isJsonObject(entry)) {
      throw new ModelConfigError(`${where} must be an object with 'parts'.`);
    }
    onlyKnown(entry, ENTRY_KEYS, where);
    const plan = { parts: layerParts(partsOf(entry['parts'], where), shared) };
    if (entry['at'] === undefined) {
      layers.push(...new Array<LayerPlan>(repeatOf(entry['repeat'], where)).fill(plan));
    } else if (entry['repeat'] !== undefined) {
      throw new ModelConfigError(`${where} has both 'repeat' and 'at'; it needs one of them.`);
    } else {
      replacements.push({ at: indicesOf(entry['at'], where), plan });
    }
  }
  for (const { at, plan } of replacements) {
    for (const index of at) {
      if (index >= layers.length) {
        throw new ModelConfigError(
          `It replaces layer ${index}, but its 'repeat' entries make only ${layers.length} layers (counted from 0).`,
        );
      }
      layers[index] = plan;
    }
  }
  if (layers.length === 0) {
    throw new ModelConfigError(`Its 'layers' make no layer.`);
  }
  return { family: name, layers, sizes: sizesOf(pattern['sizes']), notes: [] };
}

function onlyKnown(object: JsonObject, keys: readonly string[], where: string): void {
  const unknown = Object.keys(object).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new ModelConfigError(
      `${where} has a key '${unknown}', which means nothing; it may have ${keys.join(', ')}.`,
    );
  }
}

function partsOf(value: unknown, where: string): PartNotation {
  const isPart = (part: unknown) =>
    isPartKind(part) || (Array.isArray(part) && part.length > 0 && part.every(isPartKind));
  if (!Array.isArray(value) || !value.every(isPart)) {
    throw new ModelConfigError(
      `${where} needs 'parts': a list of ${PART_KINDS.join(', ')}; a list inside it runs side by side.`,
    );
  }
  return value as PartNotation;
}

function repeatOf(value: unknown, where: string): number {
  if (value === undefined) {
    return 1;
  }
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 10_000) {
    throw new ModelConfigError(`${where} needs a whole number from 1 to 10000 as 'repeat'.`);
  }
  return value;
}

function indicesOf(value: unknown, where: string): readonly number[] {
  const isIndex = (index: unknown) =>
    typeof index === 'number' && Number.isInteger(index) && index >= 0;
  if (!Array.isArray(value) || value.length === 0 || !value.every(isIndex)) {
    throw new ModelConfigError(`${where} needs a list of layer indices from 0 as 'at'.`);
  }
  return value as readonly number[];
}

function sizesOf(value: unknown): ModelSizes {
  const given = value ?? {};
  if (!isJsonObject(given)) {
    throw new ModelConfigError(`Its 'sizes' must be an object.`);
  }
  onlyKnown(given, SIZE_KEYS, `Its 'sizes'`);
  const size = (key: (typeof SIZE_KEYS)[number]): number | null => {
    const number = given[key];
    if (number === undefined) {
      return null;
    }
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 1) {
      throw new ModelConfigError(`Its size '${key}' must be a whole number above 0.`);
    }
    return number;
  };
  return {
    hidden: size('hidden'),
    vocabulary: size('vocabulary'),
    heads: size('heads'),
    keyValueHeads: size('keyValueHeads'),
    headDim: size('headDim'),
    intermediate: size('intermediate'),
    expertIntermediate: size('expertIntermediate'),
    experts: size('experts'),
    expertsPerToken: size('expertsPerToken'),
  };
}
