import {
  FRAME,
  layerTypeCode,
  METHODS,
  MODULE,
  pythonFrame,
  UNCLASSIFIED,
  type Frame,
  type Trace,
} from '../../trace/index.js';
import {
  ACCUMULATION,
  BACKWARD,
  backwardSources,
  EvidenceSearch,
  OWN,
  VIA_WORDS,
  type Via,
} from '../backwardSources.js';
import { callEvidence } from '../callEvidence.js';
import type { AttributionPass } from '../pass.js';
import type { FrameRule, RuleSet } from '../rules.js';
import { testedText } from '../testedText.js';
import { describedRules } from './describedRules.js';

const STACK_METHOD = METHODS.indexOf('stack');

function ruleForFrame(rules: readonly FrameRule[], frame: Frame): FrameRule | null {
  const file = testedText(frame.file).replaceAll('\\', '/');
  const functionName = testedText(frame.function);
  const library = testedText(frame.library);
  return (
    rules.find(
      (rule) =>
        (rule.file?.test(file) ?? true) &&
        (rule.function?.test(functionName) ?? true) &&
        (rule.library?.test(library) ?? true),
    ) ?? null
  );
}

/**
 * Files and functions on the call stack of the launch, innermost first: stacks the file stores with
 * the call, and Python frames recorded as ranges around it. A rule of type 'unclassified' ends the
 * search: what lies outside a model's forward() says nothing about the layer inside.
 */
export function stackPass(rules: RuleSet): AttributionPass {
  return {
    name: 'launch stacks',
    run(trace: Trace, labels) {
      const { launches, ranges, stacks } = trace;
      const { count, launchOf, isReplayed, stack } = callEvidence(trace);

      const byFrame = stacks.frames.map((frame) => ruleForFrame(rules.frames, frame));
      const byStack = stacks.stacks.map((frames) => {
        for (const frame of frames) {
          const rule = byFrame[frame];
          if (rule) {
            return rule;
          }
        }
        return null;
      });

      const byName = new Map<number, FrameRule | null>();
      const ruleOfRange = (range: number): FrameRule | null => {
        const name = ranges.name[range];
        let rule = byName.get(name);
        if (rule === undefined) {
          const frame = pythonFrame(testedText(trace.names.get(name)));
          rule = frame.file === '' ? null : ruleForFrame(rules.frames, frame);
          byName.set(name, rule);
        }
        return rule;
      };
      const search = new EvidenceSearch(
        trace,
        (i) => ranges.kind[i] === MODULE || (ranges.kind[i] === FRAME && ruleOfRange(i) !== null),
        backwardSources(trace, rules),
      );

      const describedAs = (via: Via): ReturnType<typeof describedRules> =>
        describedRules(labels, `Call stack: ${VIA_WORDS[via]}`);
      const described = {
        [OWN]: describedAs(OWN),
        [BACKWARD]: describedAs(BACKWARD),
        [ACCUMULATION]: describedAs(ACCUMULATION),
      };
      for (let i = 0; i < count; i++) {
        if (labels.type[i] !== UNCLASSIFIED || isReplayed(i)) {
          continue;
        }
        let rule = stack[i] < 0 ? null : byStack[stack[i]];
        let via: Via = OWN;
        if (rule === null && launchOf(i) >= 0) {
          const decider = search.from(launches.range[launchOf(i)]);
          rule = decider >= 0 && ranges.kind[decider] === FRAME ? ruleOfRange(decider) : null;
          via = search.via;
        }
        if (rule?.type === 'unclassified') {
          labels.rule[i] ||= described[OWN](rule);
        }
        // Hooks on added-up gradients send those of many layers together.
        if (rule !== null && rule.type !== 'unclassified' && via !== ACCUMULATION) {
          labels.type[i] = layerTypeCode(rule.type);
          labels.rule[i] = described[via](rule);
          labels.method[i] = STACK_METHOD;
        }
      }
    },
  };
}
