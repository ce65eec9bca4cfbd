import { NO_LAYER, NO_STEP, sharedColumn, type Step } from '../trace/index.js';
import type { LabelDraft } from './pass.js';

/** `LayerLabels.rule` is a 16-bit column. */
const MOST_RULES = 0xffff;

/** Empty labels for `count` calls, for passes to fill. */
export function newLabelDraft(count: number): LabelDraft & { steps: Step[] } {
  const rules = [''];
  const ids = new Map<string, number>();
  return {
    type: sharedColumn(Uint8Array, count),
    index: sharedColumn(Int16Array, count).fill(NO_LAYER),
    module: sharedColumn(Uint32Array, count),
    method: sharedColumn(Uint8Array, count),
    rule: sharedColumn(Uint16Array, count),
    // Steps are found apart from the passes.
    step: sharedColumn(Int8Array, count).fill(NO_STEP),
    rules,
    steps: [],
    ruleId(description) {
      const known = ids.get(description);
      if (known !== undefined) {
        return known;
      }
      if (rules.length > MOST_RULES) {
        throw new RangeError(`More than ${MOST_RULES} different rules decided`);
      }
      rules.push(description);
      ids.set(description, rules.length - 1);
      return rules.length - 1;
    },
  };
}
