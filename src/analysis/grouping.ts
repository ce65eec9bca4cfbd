import { LAYER_TYPES, NO_STEP, PHASES, layerTypeOf, measuredColumns } from '../trace/index.js';
import type { LayerLabels, Phase, Trace } from '../trace/index.js';
import { laneNames, rankName } from './laneNames.js';
import { layerKinds } from './layerKinds.js';
import type { DecomposeBy } from './results.js';

/** One way to put calls into groups. */
export interface Grouping {
  /** codes run from 0 to `codeCount` - 1; not every one has calls */
  readonly codeCount: number;
  codeOf(call: number): number;
  key(code: number): string;
  label(code: number): string;
  /** true where groups are read in the order of their codes rather than by their size */
  readonly ordered: boolean;
}

/** Key of the group of calls that have no layer, step, module or rank. */
export const NO_GROUP = 'none';

const PHASE_LABELS: Record<Phase, string> = {
  unknown: 'Unknown phase',
  prefill: 'Prefill',
  decode: 'Decode',
  mixed: 'Prefill and decode',
  train: 'Training',
};

export function groupingBy(trace: Trace, labels: LayerLabels, by: DecomposeBy): Grouping {
  const columns = measuredColumns(trace);
  switch (by) {
    case 'layer-type':
      return {
        codeCount: LAYER_TYPES.length,
        codeOf: (call) => labels.type[call],
        key: (code) => layerTypeOf(code).key,
        label: (code) => layerTypeOf(code).label,
        ordered: false,
      };
    case 'layer':
      return byLayer(labels);
    case 'module':
      return {
        codeCount: trace.names.size,
        codeOf: (call) => labels.module[call],
        key: (code) => (code === 0 ? NO_GROUP : trace.names.get(code)),
        label: (code) => (code === 0 ? '(no module)' : trace.names.get(code)),
        ordered: false,
      };
    case 'kernel':
      return {
        codeCount: trace.names.size,
        codeOf: (call) => columns.name[call],
        key: (code) => trace.names.get(code),
        label: (code) => trace.names.get(code) || '(no name)',
        ordered: false,
      };
    case 'step':
      return byStep(labels);
    case 'phase':
      return {
        codeCount: PHASES.length,
        codeOf: (call) => PHASES.indexOf(phaseOf(labels, call)),
        key: (code) => PHASES[code],
        label: (code) => PHASE_LABELS[PHASES[code]],
        ordered: false,
      };
    case 'stream': {
      const names = laneNames(trace);
      return {
        codeCount: names.length,
        codeOf: (call) => columns.lane[call],
        key: (code) => names[code],
        label: (code) => names[code],
        ordered: false,
      };
    }
    case 'rank':
      return byRank(trace);
  }
}

/** Phase of the step a call belongs to; 'unknown' outside steps. */
export function phaseOf(labels: LayerLabels, call: number): Phase {
  const step = labels.step[call];
  return step === NO_STEP ? 'unknown' : labels.steps[step].phase;
}

/** The last code is "outside the layers". */
function byLayer(labels: LayerLabels): Grouping {
  const kinds = layerKinds(labels);
  let last = -1;
  for (const index of kinds.keys()) {
    last = Math.max(last, index);
  }
  const outside = last + 1;
  return {
    codeCount: outside + 1,
    codeOf: (call) => {
      const index = labels.index[call];
      return index < 0 ? outside : index;
    },
    key: (code) => (code === outside ? NO_GROUP : String(code)),
    label: (code) => {
      if (code === outside) {
        return 'Outside layers';
      }
      const kind = kinds.get(code) ?? '';
      return kind === '' ? `Layer ${code}` : `Layer ${code} · ${kind}`;
    },
    ordered: true,
  };
}

/** A step of all ranks is one group: the same number under the same label. Its key is the number where that is enough. */
function byStep(labels: LayerLabels): Grouping {
  const order = labels.steps.map((_, i) => i);
  order.sort((a, b) => labels.steps[a].start - labels.steps[b].start || a - b);
  const groups: { number: number; label: string }[] = [];
  const groupOf = new Int32Array(labels.steps.length);
  const codes = new Map<string, number>();
  const groupsOfNumber = new Map<number, number>();
  for (const i of order) {
    const { number, label } = labels.steps[i];
    const identity = `${number} ${label}`;
    let code = codes.get(identity);
    if (code === undefined) {
      code = groups.length;
      codes.set(identity, code);
      groups.push({ number, label });
      groupsOfNumber.set(number, (groupsOfNumber.get(number) ?? 0) + 1);
    }
    groupOf[i] = code;
  }
  const outside = groups.length;
  return {
    codeCount: outside + 1,
    codeOf: (call) => {
      const step = labels.step[call];
      return step === NO_STEP ? outside : groupOf[step];
    },
    key: (code) => {
      if (code === outside) {
        return NO_GROUP;
      }
      const { number, label } = groups[code];
      return groupsOfNumber.get(number) === 1 ? String(number) : `${number} ${label}`;
    },
    label: (code) => (code === outside ? 'Outside steps' : groups[code].label),
    ordered: true,
  };
}

function byRank(trace: Trace): Grouping {
  const columns = measuredColumns(trace);
  const rankOfLane = Int32Array.from(trace.lanes, (lane) => lane.rank);
  const numbers = trace.ranks.map((rank) => rank.rank);
  return {
    codeCount: trace.ranks.length,
    codeOf: (call) => rankOfLane[columns.lane[call]],
    key: (code) => {
      const number = numbers[code];
      if (number < 0) {
        return trace.ranks.length === 1 ? NO_GROUP : `${NO_GROUP} #${code}`;
      }
      // Two files may both say they are rank 0.
      return numbers.indexOf(number) === numbers.lastIndexOf(number)
        ? String(number)
        : `${number} #${code}`;
    },
    label: (code) => trace.ranks[code].label || rankName(trace.ranks[code]),
    ordered: false,
  };
}
