import { isJsonObject } from '../jsonObject.js';
import type { AttributionBasis, AttributionProblem, ModelBasis } from '../../trace/index.js';

const NOTHING: AttributionBasis = { model: null, companion: [], rules: [], problems: [] };

/** The basis of kept labels, from JSON that may hold anything; undefined where it is no basis. */
export function basisOf(json: unknown): AttributionBasis | undefined {
  if (!isJsonObject(json)) {
    return undefined;
  }
  const { model, companion, rules, problems } = json;
  if (!Array.isArray(companion) || !Array.isArray(rules) || !Array.isArray(problems)) {
    return undefined;
  }
  return {
    ...NOTHING,
    model: modelOf(model),
    companion: texts(companion),
    rules: texts(rules),
    problems: problems.flatMap((problem) => problemOf(problem) ?? []),
    kept: true,
  };
}

export const UNKNOWN_BASIS: AttributionBasis = { ...NOTHING, kept: true };

function modelOf(json: unknown): ModelBasis | null {
  if (!isJsonObject(json)) {
    return null;
  }
  const { family, layers, path, found, notes } = json;
  return {
    family: typeof family === 'string' ? family : '',
    layers: Number.isSafeInteger(layers) && Number(layers) >= 0 ? Number(layers) : 0,
    path: typeof path === 'string' ? path : '',
    found: found === true,
    notes: Array.isArray(notes) ? texts(notes) : [],
  };
}

function problemOf(json: unknown): AttributionProblem | undefined {
  if (!isJsonObject(json)) {
    return undefined;
  }
  const { input, sentence } = json;
  return (input === 'model' || input === 'companion' || input === 'rules') &&
    typeof sentence === 'string'
    ? { input, sentence }
    : undefined;
}

function texts(list: readonly unknown[]): readonly string[] {
  return list.filter((item) => typeof item === 'string');
}
