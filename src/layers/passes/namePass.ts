import {
  layerTypeCode,
  LAYER_TYPES,
  measuredColumns,
  METHODS,
  MODULE,
  OP,
  timeKindOf,
  UNCLASSIFIED,
  type Trace,
} from '../../trace/index.js';
import { ACCUMULATION, backwardSources, EvidenceSearch, OWN } from '../backwardSources.js';
import { callEvidence } from '../callEvidence.js';
import type { AttributionPass } from '../pass.js';
import type { NameRule, RuleSet } from '../rules.js';
import { testedText } from '../testedText.js';

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

/**
 * The weakest evidence: distinctive names of kernels, of the framework operators around the launch
 * and of collectives. Names that several layer types share decide nothing. Some rules hold only where
 * the rest of the trace supports them; what "the rest" shows is found in a first round.
 */
export function namePass(rules: RuleSet): AttributionPass {
  return {
    name: 'names',
    run(trace: Trace, labels) {
      const { ranges, launches, names, gpu } = trace;
      const columns = measuredColumns(trace);
      const { count, launch, replayed } = callEvidence(trace);
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
      const firstRound = rules.names.filter((rule) => !conditional(rule) && !rule.unclaimed);
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
        (rule) => (rule.needs.length === 0 || evident.any(rule.needs)) && !evident.any(rule.unless),
      );
      const matcher = (pattern: (rule: NameRule) => RegExp | null) => {
        const known = new Map<number, number>();
        const candidates = applicable.map((rule, i) => ({ pattern: pattern(rule), i }));
        /** position in `applicable` of the first rule that matches the name, -1 = none */
        return (id: number): number => {
          let found = known.get(id);
          if (found === undefined) {
            const text = testedText(names.get(id));
            found = candidates.find((c) => c.pattern?.test(text) ?? false)?.i ?? -1;
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
        (i) => ranges.kind[i] === OP && byOp(ranges.name[i]) >= 0,
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
        replayed[i] === 0 &&
        (!hasLaunches ||
          (launch[i] >= 0 && (modulesSeen(launch[i]) || launches.stack[launch[i]] >= 0)));

      const descriptions = new Map<string, number>();
      const describe = (kind: string, rule: NameRule): number => {
        const text = `${kind}: ${rule.why} [${rule.id}]`;
        let id = descriptions.get(text);
        if (id === undefined) {
          id = labels.ruleId(text);
          descriptions.set(text, id);
        }
        return id;
      };

      for (let i = 0; i < count; i++) {
        if (labels.type[i] !== UNCLASSIFIED) {
          continue;
        }
        let kind = 'Name';
        let found = -1;
        if (isGpu && gpu.collective[i] !== 0) {
          // The file itself says which collective it is: stronger than a kernel several share.
          kind = 'Collective';
          found = byCollective(gpu.collective[i]);
        }
        if (found < 0) {
          kind = 'Name';
          found = byKernel(columns.name[i]);
        }
        if (found >= 0 && applicable[found].unclaimed && !unclaimed(i)) {
          found = -1;
        }
        if (found < 0 && launch[i] >= 0 && replayed[i] === 0) {
          const op = search.from(launches.range[launch[i]]);
          if (op >= 0 && search.via !== ACCUMULATION) {
            kind = search.via === OWN ? 'Operator' : 'Operator, backward of';
            found = byOp(ranges.name[op]);
          }
        }
        if (found >= 0) {
          labels.type[i] = layerTypeCode(applicable[found].type);
          labels.rule[i] = describe(kind, applicable[found]);
          labels.method[i] = NAME_METHOD;
        }
      }
    },
  };
}
