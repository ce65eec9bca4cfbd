import type { JsonObject } from '../../formats/jsonObject.js';
import type { PartKind } from './modelPlan.js';
import type { Concept } from './configFields.js';
import families from './families.json';
import type { PartNotation } from './partNotation.js';

/**
 * What a family's configuration does not say because its modeling code does. From the configuration
 * and modeling files of Transformers 5.17; a family that is not listed is read by the general rules.
 */
export interface FamilyFacts {
  /** what the words `recurrent` (any linear-time mixer) and `hybrid` stand for here */
  readonly words: Readonly<Partial<Record<'recurrent' | 'hybrid', PartNotation>>>;
  /** the mixers of every layer where the configuration names none */
  readonly layer: PartNotation | null;
  /** whether an MLP or a mixture of experts follows the mixer of a layer */
  readonly feedForward: 'each' | 'none';
  /** what stands in place of the MLP in a layer with experts */
  readonly experts: PartNotation;
  readonly afterFeedForward: PartNotation;
  /** the feed-forward part reads what the mixer reads, without a norm in between */
  readonly parallelFeedForward: boolean;
  /** the key of the configuration that says so instead */
  readonly parallelKey: string | null;
  /** null where the configuration says it */
  readonly sharedExpert: boolean | null;
  /** the key of the width of a dense MLP where it is an unusual one */
  readonly denseWidth: string | null;
  /** words of the first layers, before a period begins to count, and the word a period selects */
  readonly lead: readonly string[];
  readonly periodWord: string;
  readonly keys: Readonly<Partial<Record<Concept, readonly string[]>>>;
  readonly defaults: JsonObject;
}

type Entry = { readonly types: readonly string[] } & Partial<FamilyFacts>;

const GENERAL: FamilyFacts = {
  words: {},
  layer: null,
  feedForward: 'each',
  experts: ['moe' satisfies PartKind],
  afterFeedForward: [],
  parallelFeedForward: false,
  parallelKey: null,
  sharedExpert: null,
  denseWidth: null,
  lead: [],
  periodWord: 'attention',
  keys: {},
  defaults: {},
};

/** Facts of a `model_type`; `X_text`, the language part of a multimodal model, is also known as `X`. */
export function familyFacts(modelType: string): FamilyFacts {
  const name = modelType.toLowerCase().replaceAll('-', '_');
  const known = entriesOf(name);
  const entries = known.length > 0 ? known : entriesOf(name.replace(/_text$/, ''));
  return entries.reduce<FamilyFacts>(
    (facts, { types: _, ...more }) => ({
      ...facts,
      ...more,
      defaults: { ...facts.defaults, ...more.defaults },
    }),
    GENERAL,
  );
}

function entriesOf(name: string): readonly Entry[] {
  // JSON gives texts where the type has words; the tests read every entry.
  return (families as unknown as readonly Entry[]).filter(({ types }) => types.includes(name));
}
