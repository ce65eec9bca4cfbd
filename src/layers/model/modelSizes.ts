import type { ConfigFields } from './configFields.js';
import type { FamilyFacts } from './familyFacts.js';
import type { LayerPlan, ModelSizes, PartKind } from './modelPlan.js';

/** The sizes that bear on the layers a model has. */
export function modelSizes(
  fields: ConfigFields,
  facts: FamilyFacts,
  layers: readonly LayerPlan[],
): ModelSizes {
  const has = (kind: PartKind) => layers.some(({ parts }) => parts.some((p) => p.kind === kind));
  const hidden = fields.count('hidden');
  const attention = has('attention');
  const heads = attention ? fields.count('heads') : null;
  const experts = has('moe');
  return {
    hidden,
    vocabulary: fields.count('vocabulary'),
    heads,
    keyValueHeads: attention ? keyValueHeads(fields, heads) : null,
    headDim: heads === null ? null : headDim(fields, hidden, heads),
    ...(attention ? latentKeyValue(fields) : {}),
    intermediate: has('mlp') ? denseWidth(fields, facts) : null,
    expertIntermediate: experts ? fields.count('expertWidth') : null,
    experts: experts ? fields.count('experts') : null,
    expertsPerToken: experts ? fields.count('expertsPerToken') : null,
  };
}

function keyValueHeads(fields: ConfigFields, heads: number | null): number | null {
  if (fields.config['multi_query'] === true) {
    return 1;
  }
  return fields.count('keyValueHeads') ?? heads; // as Transformers fills it in
}

/** A latent-attention configuration's head_dim is only the part with a position. */
function headDim(fields: ConfigFields, hidden: number | null, heads: number): number | null {
  const nope = fields.count('nopeHeadDim');
  const rope = fields.count('ropeHeadDim');
  if (nope !== null && rope !== null) {
    return nope + rope;
  }
  const stated = fields.count('headDim');
  if (stated !== null) {
    return stated;
  }
  return hidden !== null && heads > 0 && hidden % heads === 0 ? hidden / heads : null;
}

/** The compressed vector and the part of the key with a position (DeepSeek-V2). */
function latentKeyValue(fields: ConfigFields): { latentKeyValue?: number } {
  const rank = fields.count('latentKeyValue');
  return rank === null ? {} : { latentKeyValue: rank + (fields.count('ropeHeadDim') ?? 0) };
}

function denseWidth(fields: ConfigFields, facts: FamilyFacts): number | null {
  const own = facts.denseWidth === null ? undefined : fields.config[facts.denseWidth];
  return typeof own === 'number' ? own : fields.count('denseWidth');
}
