import type { LabelDraft } from '../pass.js';

interface Described {
  readonly why: string;
  readonly id: string;
}

/**
 * Gives the ids of rules in `labels`, each described once: a text put together for every call takes
 * longer than finding its rule.
 * @param lead words before what the rule says of itself
 */
export function describedRules(labels: LabelDraft, lead: string): (rule: Described) => number {
  const ids = new Map<Described, number>();
  return (rule) => {
    let id = ids.get(rule);
    if (id === undefined) {
      id = labels.ruleId(`${lead}${rule.why} [${rule.id}]`);
      ids.set(rule, id);
    }
    return id;
  };
}
