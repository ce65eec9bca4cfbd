import {
  ANNOTATION,
  layerTypeCode,
  LAYER_TYPES,
  measuredColumns,
  METHODS,
  MODULE,
  OP,
  timeKindOf,
  UNCLASSIFIED,
  type LayerLabels,
  type Trace,
} from '../../trace/index.js';
import { ACCUMULATION, backwardSources, EvidenceSearch, OWN } from '../backwardSources.js';
import { callEvidence } from '../callEvidence.js';
import { newLabelDraft } from '../labelDraft.js';
import type { AttributionPass } from '../pass.js';
import { nearestAncestor } from '../rangeAncestry.js';
import type { NameRule, RuleSet } from '../rules.js';
import { testedText } from '../testedText.js';
import { describedRules } from './describedRules.js';

const NAME_METHOD = METHODS.indexOf('name');

/** Which layer types a set of codes holds. */
class Evident {
  private readonly codes = new Uint8Array(LAYER_TYPES.length);

  add(code: number): void {
    this.codes[code] = 1;
  }

  any(types: readonly string[]): boolean {
    return types.some((type) => this.codes[layerTypeCode(type)] === 1);
  }
}

const conditional = (rule: NameRule) => rule.needs.length > 0 || rule.unless.length > 0;

/** Such a rule decides some of the calls of a name and leaves the others to the rules after it. */
const callByCall = (rule: NameRule) => rule.unclaimed || rule.within !== null;

/**
 * The weakest evidence: distinctive names of kernels, of the framework operators around the launch
 * and of collectives. Names that several layer types share decide nothing. Some rules hold only where
 * the rest of the trace supports them; what "the rest" shows is found in a first round.
 */
export function namePass(rules: RuleSet): AttributionPass {
  return passOf(rules, 'names', () => true);
}

/**
 * The same by the rules that a user wrote: who names a kernel knows it better than an alignment does.
 * It stands before the passes that read the order of kernels.
 */
export function ownNamePass(rules: RuleSet): AttributionPass {
  return passOf(rules, 'own names', (rule) => rule.own);
}

function passOf(
  rules: RuleSet,
  name: string,
  decides: (rule: NameRule) => boolean,
): AttributionPass {
  return {
    name,
    run(trace: Trace, labels) {
      if (!rules.names.some(decides)) {
        return;
      }
      const { ranges, launches, names, gpu } = trace;
      const columns = measuredColumns(trace);
      const { count, launchOf, isReplayed } = callEvidence(trace);
      const isGpu = timeKindOf(trace) === 'gpu';

      const evident = new Evident();
      for (let i = 0; i < count; i++) {
        evident.add(labels.type[i]);
      }
      const kernelNames = new Set<number>(columns.name);
      const opNames = new Set<number>();
      for (let i = 0; i < ranges.count; i++) {
        if (ranges.kind[i] === OP) {
          opNames.add(ranges.name[i]);
        }
      }
      const firstRound = rules.names.filter((rule) => !conditional(rule) && !callByCall(rule));
      const look = (ids: ReadonlySet<number>, pattern: (rule: NameRule) => RegExp | null) => {
        for (const id of ids) {
          const text = testedText(names.get(id));
          const rule = firstRound.find((candidate) => pattern(candidate)?.test(text) ?? false);
          if (rule !== undefined) {
            evident.add(layerTypeCode(rule.type));
          }
        }
      };
      look(kernelNames, (rule) => rule.kernel);
      look(opNames, (rule) => rule.op);

      const applicable = rules.names.filter(
        (rule) =>
          decides(rule) &&
          (rule.needs.length === 0 || evident.any(rule.needs)) &&
          !evident.any(rule.unless),
      );
      const matcher = (pattern: (rule: NameRule) => RegExp | null) => {
        const known = new Map<number, readonly number[]>();
        /** positions in `applicable` of the rules that match the name, up to one that holds anyway */
        return (id: number): readonly number[] => {
          let found = known.get(id);
          if (found === undefined) {
            const text = testedText(names.get(id));
            const matching: number[] = [];
            for (const [i, rule] of applicable.entries()) {
              if (pattern(rule)?.test(text) ?? false) {
                matching.push(i);
                if (!callByCall(rule)) {
                  break;
                }
              }
            }
            found = matching;
            known.set(id, found);
          }
          return found;
        };
      };
      const byKernel = matcher((rule) => rule.kernel);
      const byOp = matcher((rule) => rule.op);
      const byCollective = matcher((rule) => rule.collective);
      const search = new EvidenceSearch(
        trace,
        (i) => ranges.kind[i] === OP && byOp(ranges.name[i]).length > 0,
        backwardSources(trace, rules),
      );

      const hasModules = ranges.kind.includes(MODULE) || labels.module.some((path) => path !== 0);
      const hasLaunches = launches.count > 0;
      /** by lane: when ranges begin to be recorded on it; -Infinity on a lane that has none */
      const recordedFrom = new Float64Array(trace.lanes.length).fill(-Infinity);
      for (let i = ranges.count - 1; i >= 0; i--) {
        recordedFrom[ranges.lane[i]] = ranges.start[i];
      }
      const modulesSeen = (call: number): boolean =>
        hasModules && launches.start[call] >= recordedFrom[launches.lane[call]];
      /** nothing can own the call any more: its stack or modules were looked at, or none can exist */
      const unclaimed = (i: number): boolean =>
        !isReplayed(i) &&
        (!hasLaunches ||
          (launchOf(i) >= 0 && (modulesSeen(launchOf(i)) || launches.stack[launchOf(i)] >= 0)));

      const enclosing = new Map<NameRule, Int32Array>();
      /** the range, or one around it, is an operator or annotation that the rule's `within` names */
      const isWithin = (rule: NameRule, range: number): boolean => {
        const { within } = rule;
        if (within === null || range < 0) {
          return within === null;
        }
        let nearest = enclosing.get(rule);
        if (nearest === undefined) {
          const matching = new Set<number>();
          for (const name of new Set(ranges.name)) {
            if (within.test(testedText(names.get(name)))) {
              matching.add(name);
            }
          }
          nearest = nearestAncestor(
            ranges,
            (i) =>
              (ranges.kind[i] === OP || ranges.kind[i] === ANNOTATION) &&
              matching.has(ranges.name[i]),
          );
          enclosing.set(rule, nearest);
        }
        return nearest[range] >= 0;
      };

      const firstToHold = (candidates: readonly number[], call: number, range: number): number =>
        candidates.find((candidate) => {
          const rule = applicable[candidate];
          return isWithin(rule, range) && (!rule.unclaimed || unclaimed(call));
        }) ?? -1;

      const described = {
        Collective: describedRules(labels, 'Collective: '),
        Name: describedRules(labels, 'Name: '),
        Operator: describedRules(labels, 'Operator: '),
        'Operator, backward of': describedRules(labels, 'Operator, backward of: '),
      };

      for (let i = 0; i < count; i++) {
        if (labels.type[i] !== UNCLASSIFIED) {
          continue;
        }
        const range = launchOf(i) < 0 || isReplayed(i) ? -1 : launches.range[launchOf(i)];
        let kind: keyof typeof described = 'Name';
        let found = -1;
        if (isGpu && gpu.collective[i] !== 0) {
          // The file itself says which collective it is: stronger than a kernel several share.
          kind = 'Collective';
          found = firstToHold(byCollective(gpu.collective[i]), i, range);
        }
        if (found < 0) {
          kind = 'Name';
          found = firstToHold(byKernel(columns.name[i]), i, range);
        }
        if (found < 0 && launchOf(i) >= 0 && !isReplayed(i)) {
          const op = search.from(launches.range[launchOf(i)]);
          if (op >= 0 && search.via !== ACCUMULATION) {
            kind = search.via === OWN ? 'Operator' : 'Operator, backward of';
            found = firstToHold(byOp(ranges.name[op]), i, op);
          }
        }
        // A rule of no type, as a draft is, keeps the others from the name and says nothing itself.
        if (found >= 0 && applicable[found].type !== 'unclassified') {
          labels.type[i] = layerTypeCode(applicable[found].type);
          labels.rule[i] = described[kind](applicable[found]);
          labels.method[i] = NAME_METHOD;
        }
      }
    },
  };
}

/** What names alone say of the calls of a trace, whatever stronger evidence says of them. */
export type NamesAlone = (trace: Trace) => LayerLabels;

/** Looks at names once a trace, when it is first asked. */
export function namesAlone(rules: RuleSet): NamesAlone {
  const known = new WeakMap<Trace, LayerLabels>();
  return (trace) => {
    let labels = known.get(trace);
    if (labels === undefined) {
      const draft = newLabelDraft(measuredColumns(trace).count);
      namePass(rules).run(trace, draft);
      labels = draft;
      known.set(trace, labels);
    }
    return labels;
  };
}
