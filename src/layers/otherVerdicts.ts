import {
  METHODS,
  UNCLASSIFIED,
  type LayerLabels,
  type Method,
  type Trace,
} from '../trace/index.js';
import { builtInRules } from './builtInRules.js';
import { newLabelDraft } from './labelDraft.js';
import type { AttributionPass } from './pass.js';
import { namePass } from './passes/namePass.js';
import { stackPass } from './passes/stackPass.js';
import type { RuleSet } from './rules.js';

/** What weaker evidence alone would have said of a call. */
export interface OtherVerdict {
  readonly method: Method;
  /** code in LAYER_TYPES */
  readonly type: number;
  /** description of the rule, as in `LayerLabels.rules` */
  readonly rule: string;
}

/** A type no rule asks for: such calls are settled, and are evidence of nothing. */
const SETTLED = 255;

/**
 * What launch stacks and names would have said of one call had no stronger evidence decided, the
 * labels of all other calls standing. Passes that look at the trace as a whole (structure, companion)
 * are not asked again.
 *
 * @param call index in `measuredColumns(trace)`
 */
export function otherVerdicts(
  trace: Trace,
  labels: LayerLabels,
  call: number,
  rules: RuleSet = builtInRules(),
): readonly OtherVerdict[] {
  if (labels.type[call] === UNCLASSIFIED) {
    return []; // every pass was asked already, and none knew
  }
  const weaker: readonly (readonly [Method, AttributionPass])[] = [
    ['stack', stackPass(rules)],
    ['name', namePass(rules)],
  ];
  const verdicts: OtherVerdict[] = [];
  for (const [method, pass] of weaker) {
    if (METHODS.indexOf(method) <= labels.method[call]) {
      continue;
    }
    const draft = newLabelDraft(labels.type.length);
    for (let i = 0; i < labels.type.length; i++) {
      draft.type[i] = labels.type[i] === UNCLASSIFIED ? SETTLED : labels.type[i];
    }
    draft.type[call] = UNCLASSIFIED;
    pass.run(trace, draft);
    if (draft.type[call] !== UNCLASSIFIED) {
      verdicts.push({ method, type: draft.type[call], rule: draft.rules[draft.rule[call]] });
    }
  }
  return verdicts;
}
