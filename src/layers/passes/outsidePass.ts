import { ANNOTATION, OP, UNCLASSIFIED, type Trace } from '../../trace/index.js';
import { backwardSources, EvidenceSearch } from '../backwardSources.js';
import { callEvidence } from '../callEvidence.js';
import type { AttributionPass } from '../pass.js';
import type { OutsideRule, RuleSet } from '../rules.js';
import { testedText } from '../testedText.js';

/**
 * Work that belongs to no layer: the optimizer, the loss. It stays unclassified and gets the reason as
 * its rule; a weaker pass may still say what its own name proves (a copy, a collective).
 */
export function outsidePass(rules: RuleSet): AttributionPass {
  return {
    name: 'work outside the layers',
    run(trace: Trace, labels) {
      if (rules.outside.length === 0) {
        return;
      }
      const { ranges, launches, names } = trace;
      const finder = (pattern: (rule: OutsideRule) => RegExp | null) => {
        const known = new Map<number, OutsideRule | null>();
        return (name: number): OutsideRule | null => {
          let rule = known.get(name);
          if (rule === undefined) {
            const text = testedText(names.get(name));
            rule = rules.outside.find((r) => pattern(r)?.test(text) ?? false) ?? null;
            known.set(name, rule);
          }
          return rule;
        };
      };
      const byAnnotation = finder((rule) => rule.annotation);
      const byOp = finder((rule) => rule.op);
      const ruleOf = (range: number): OutsideRule | null =>
        ranges.kind[range] === ANNOTATION
          ? byAnnotation(ranges.name[range])
          : ranges.kind[range] === OP
            ? byOp(ranges.name[range])
            : null;
      const search = new EvidenceSearch(
        trace,
        (range) => ruleOf(range) !== null,
        backwardSources(trace, rules),
      );
      if (ranges.count === 0) {
        return;
      }
      const { count, launchOf } = callEvidence(trace);
      for (let i = 0; i < count; i++) {
        if (labels.type[i] !== UNCLASSIFIED || launchOf(i) < 0) {
          continue;
        }
        const range = search.from(launches.range[launchOf(i)]);
        const rule = range < 0 ? null : ruleOf(range);
        if (rule !== null) {
          labels.rule[i] = labels.ruleId(`Outside the layers: ${rule.why} [${rule.id}]`);
        }
      }
    },
  };
}
