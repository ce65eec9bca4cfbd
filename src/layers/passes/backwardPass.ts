import { METHODS, OP, timeKindOf, UNCLASSIFIED, type Trace } from '../../trace/index.js';
import { backwardSources, EvidenceSearch, OWN, VIA_WORDS } from '../backwardSources.js';
import type { AttributionPass } from '../pass.js';
import type { RuleSet } from '../rules.js';

/** How labels were found that stand for the operator around the launch, not for its module. */
const ORDERED: ReadonlySet<number> = new Set(
  (['companion', 'structure'] as const).map((method) => METHODS.indexOf(method)),
);
const NONE = -1;
/** Kernels of several layers or types under one operator: it stands for none of them. */
const SEVERAL = -2;

/**
 * Backward kernels of operators whose forward kernels were told by order or by a companion: where all
 * that an operator ran forward has one label, what it runs backward has it too.
 */
export function backwardPass(rules: RuleSet): AttributionPass {
  return {
    name: 'forward operators',
    run(trace: Trace, labels) {
      const sources = backwardSources(trace, rules);
      if (sources === null || timeKindOf(trace) !== 'gpu') {
        return;
      }
      const { gpu, launches, ranges } = trace;
      /** by range: a row of `gpu` whose label all rows beneath share */
      const shared = new Int32Array(ranges.count).fill(NONE);
      for (let row = 0; row < gpu.count; row++) {
        if (gpu.launch[row] < 0 || !ORDERED.has(labels.method[row])) {
          continue;
        }
        let range = launches.range[gpu.launch[row]];
        while (range >= 0 && ranges.kind[range] === OP && shared[range] !== SEVERAL) {
          const known = shared[range];
          const same =
            known < 0 ||
            (labels.type[known] === labels.type[row] && labels.index[known] === labels.index[row]);
          shared[range] = same ? row : SEVERAL;
          range = ranges.parent[range];
        }
      }
      const search = new EvidenceSearch(trace, (range) => shared[range] >= 0, sources);
      for (let row = 0; row < gpu.count; row++) {
        if (labels.type[row] !== UNCLASSIFIED || gpu.launch[row] < 0 || gpu.replayed[row] === 1) {
          continue;
        }
        const range = search.from(launches.range[gpu.launch[row]]);
        const { via } = search;
        if (range < 0 || via === OWN) {
          continue;
        }
        const forward = shared[range];
        labels.type[row] = labels.type[forward];
        labels.index[row] = labels.index[forward];
        labels.module[row] = labels.module[forward];
        labels.method[row] = labels.method[forward];
        labels.rule[row] = labels.ruleId(
          `${VIA_WORDS[via]}a call told by: ${labels.rules[labels.rule[forward]]}`,
        );
      }
    },
  };
}
