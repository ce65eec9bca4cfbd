import { FRAME, KERNEL, MODULE, timeKindOf } from '../trace/index.js';
import type { LayerLabels, Trace } from '../trace/index.js';
import { launchOf, originOf, rangesAround, recordedStack } from './callDetails.js';

/** Why calls stay unclassified where no pass said so. */
export const UNCLASSIFIED_REASONS = {
  noLaunch: 'no launch in the trace, and a name no rule knows',
  replayed: 'replayed from a graph: one launch stands for many layers',
  unknownModule: 'launched inside modules whose work no rule knows',
  unknownStack: 'launched from a stack of which no rule knows a frame',
  elsewhere: 'a name every layer shares, launched where no module or stack was recorded',
  nothingRecorded:
    'a name every layer shares, and the trace has no modules or stacks around its launch',
  copy: 'a copy or fill that any layer may make, and no module or stack around its launch',
  hostCall: 'an API call that every layer makes, and no stack that a rule knows',
} as const;

/**
 * Tells why a call has no layer type: as the pass that looked at it said, else by what the trace has of
 * its launch.
 *
 * @returns the reason of a call, by index in `measuredColumns(trace)`; '' for one that has a type
 */
export function unclassifiedReasons(trace: Trace, labels: LayerLabels): (call: number) => string {
  const isGpu = timeKindOf(trace) === 'gpu';
  const { gpu, ranges } = trace;
  const recordsSources =
    ranges.kind.includes(MODULE) || ranges.kind.includes(FRAME) || trace.stacks.stacks.length > 0;
  return (call) => {
    if (labels.type[call] !== 0) {
      return '';
    }
    if (labels.rule[call] !== 0) {
      return labels.rules[labels.rule[call]];
    }
    if (recordedStack(trace, call) >= 0) {
      return UNCLASSIFIED_REASONS.unknownStack;
    }
    if (!isGpu) {
      return UNCLASSIFIED_REASONS.hostCall;
    }
    if (launchOf(trace, call) < 0) {
      return UNCLASSIFIED_REASONS.noLaunch;
    }
    if (gpu.replayed[call] === 1 && originOf(trace, call) === gpu.launch[call]) {
      return UNCLASSIFIED_REASONS.replayed;
    }
    let framed = false;
    for (const range of rangesAround(trace, call)) {
      if (ranges.kind[range] === MODULE) {
        return UNCLASSIFIED_REASONS.unknownModule;
      }
      framed ||= ranges.kind[range] === FRAME;
    }
    if (framed) {
      return UNCLASSIFIED_REASONS.unknownStack;
    }
    if (gpu.kind[call] !== KERNEL) {
      return UNCLASSIFIED_REASONS.copy;
    }
    return recordsSources ? UNCLASSIFIED_REASONS.elsewhere : UNCLASSIFIED_REASONS.nothingRecorded;
  };
}
