import {
  timeKindOf,
  type AttributionBasis,
  type KeptLabels,
  type LayerLabels,
  type Step,
  type Trace,
} from '../../trace/index.js';
import { LABELS, type EventColumn } from '../layerscope/schema.js';
import {
  joinColumns,
  rowsOfColumns,
  typesOf,
  type ColumnTypes,
  type Positions,
  type Renumbering,
  type Sizes,
} from './eventTables.js';

const COLUMNS = LABELS as unknown as readonly EventColumn<never>[];
/** `LayerLabels.rule` has room for so many. */
const MOST_RULES = 0xffff;

/** Labels that came with the parts of a trace, about to be laid together. */
export interface LabelsToJoin {
  readonly kept: readonly KeptLabels[];
  readonly basis: AttributionBasis;
  readonly rules: readonly string[];
  readonly steps: readonly Step[];
  /** in `rules` and `steps`, of those of each part */
  readonly ruleIds: readonly Int32Array[];
  readonly stepIds: readonly Int32Array[];
}

/**
 * What of the labels of several imports stands when they are opened together: all, where each has some and
 * they were made with the same model.
 *
 * @param place where the steps of each part come to lie
 * @returns undefined where no part has labels; a sentence where some have, and they cannot stand
 */
export function labelsToJoin(
  parts: readonly Trace[],
  place: { readonly shifts: readonly number[]; rank(part: number, rank: number): number },
): LabelsToJoin | string | undefined {
  const kept = parts.flatMap((part) => part.kept ?? []);
  if (kept.length === 0) {
    return undefined;
  }
  if (kept.length < parts.length) {
    return 'Some of the files are imports that keep their layers, and some are not: the layers of all are told anew. Import all of them to keep what the imports were labelled with.';
  }
  const models = new Set(kept.map(({ basis: { model } }) => modelName(model)));
  if (models.size > 1) {
    return `The imports were labelled with different models (${[...models].join(', ')}): their layers are told anew.`;
  }
  if (new Set(parts.map(timeKindOf)).size > 1) {
    return 'Some of the imports have labels of GPU events and some of API calls: their layers are told anew.';
  }
  const rules = [...new Set(kept.flatMap(({ labels }) => labels.rules))];
  if (rules.length > MOST_RULES) {
    return `The imports were labelled by ${rules.length} different rules, more than a trace has room for: their layers are told anew.`;
  }
  const steps = kept.flatMap(({ labels }, part) =>
    labels.steps.map((step, i) => ({
      part,
      i,
      step: {
        ...step,
        rank: place.rank(part, step.rank),
        start: step.start + place.shifts[part],
      },
    })),
  );
  steps.sort((a, b) => a.step.start - b.step.start || b.step.duration - a.step.duration);
  const stepIds = kept.map(({ labels }) => new Int32Array(labels.steps.length));
  steps.forEach(({ part, i }, id) => (stepIds[part][i] = id));
  return {
    kept,
    basis: basisOfAll(kept.map(({ basis }) => basis)),
    rules,
    steps: steps.map(({ step }) => step),
    ruleIds: kept.map(({ labels }) => Int32Array.from(labels.rules, (rule) => rules.indexOf(rule))),
    stepIds,
  };
}

function modelName(model: AttributionBasis['model']): string {
  return model === null ? 'none' : `${model.family} of ${model.layers} layers`;
}

function basisOfAll(all: readonly AttributionBasis[]): AttributionBasis {
  const union = (lists: readonly (readonly string[])[]) => [...new Set(lists.flat())];
  const problems = new Map(
    all.flatMap((basis) => basis.problems.map((problem) => [problem.sentence, problem] as const)),
  );
  return {
    model: all[0].model,
    companion: union(all.map(({ companion }) => companion)),
    rules: union(all.map(({ rules }) => rules)),
    problems: [...problems.values()],
    kept: true,
  };
}

/** @param position of the rows of the measured table */
export function joinedLabels(
  { kept, basis, rules, steps, ruleIds, stepIds }: LabelsToJoin,
  position: Positions,
  renumber: readonly Renumbering[],
  sizes: Sizes,
): KeptLabels {
  const columns = joinColumns(
    COLUMNS,
    kept.map(({ labels: { rules: _, steps: __, ...own } }) => {
      void [_, __];
      return { ...own };
    }),
    position,
    renumber.map((ids, part) => ({
      ...ids,
      rule: (id: number) => ruleIds[part][id],
      step: (id: number) => stepIds[part][id],
    })),
    sizes,
  );
  return {
    labels: { ...columns, rules, steps } as unknown as LayerLabels,
    basis,
    sources: kept.flatMap(({ sources }) => sources),
  };
}

/** What the joined labels do not have of those of a part. */
export interface PartLabels extends Omit<KeptLabels, 'labels'> {
  readonly rules: readonly string[];
  readonly steps: readonly Step[];
  readonly types: ColumnTypes;
  readonly ruleIds: Int32Array;
  readonly stepIds: Int32Array;
}

export function partLabels({ kept, ruleIds, stepIds }: LabelsToJoin, part: number): PartLabels {
  const { labels, basis, sources } = kept[part];
  const { rules, steps } = labels;
  return {
    ...{ basis, sources, rules, steps },
    types: typesOf(labels),
    ruleIds: ruleIds[part],
    stepIds: stepIds[part],
  };
}

/**
 * The labels of a part as they were.
 *
 * @param rows of the measured table that are the part's
 * @param inverse the place of each id in a list of them
 */
export function labelsOfPart(
  joined: KeptLabels,
  { basis, sources, rules, steps, types, ruleIds, stepIds }: PartLabels,
  rows: Uint32Array,
  ids: Renumbering,
  inverse: (ids: Int32Array, count: number) => Int32Array,
): KeptLabels {
  const rule = inverse(ruleIds, joined.labels.rules.length);
  const step = inverse(stepIds, joined.labels.steps.length);
  const columns = rowsOfColumns(COLUMNS, joined.labels, rows, types, {
    ...ids,
    rule: (id) => rule[id],
    step: (id) => step[id],
  });
  return {
    labels: { ...columns, rules, steps } as unknown as LayerLabels,
    basis,
    sources,
  };
}
