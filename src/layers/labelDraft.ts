import { NO_LAYER, NO_STEP, type Step } from '../trace/index.js';
import type { LabelDraft } from './pass.js';

/** `LayerLabels.rule` is a 16-bit column. */
const MOST_RULES = 0xffff;

/** Empty labels for `count` calls, for passes to fill. */
export function newLabelDraft(count: number): LabelDraft & { steps: Step[] } {
  const rules = [''];
  const ids = new Map<string, number>();
  return {
    type: new Uint8Array(count),
    index: new Int16Array(count).fill(NO_LAYER),
    module: new Uint32Array(count),
    method: new Uint8Array(count),
    rule: new Uint16Array(count),
    step: new Int32Array(count).fill(NO_STEP),
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
