import {
  FRAME,
  METHODS,
  METHOD_LABELS,
  NO_LAYER,
  NO_STEP,
  OP,
  layerTypeOf,
  measuredColumns,
  timeKindOf,
} from '../trace/index.js';
import type { LayerLabels, Method, Trace } from '../trace/index.js';
import { NoSuchCallError } from './callAt.js';
import { launchOf, modulesOf, rangesAround, stackOf } from './callDetails.js';
import { fileMicros } from './fileTime.js';
import { formatCount, formatCountOf } from './format.js';
import { laneNames } from './laneNames.js';
import { frameWords } from './lookedAt.js';
import type {
  CallExplanation,
  EvidenceKind,
  EvidenceLine,
  NeighbourCall,
  RuleWords,
} from './results.js';
import { unclassifiedReasons } from './unclassifiedReason.js';

/** Calls shown on each side of the explained one. */
const NEIGHBOURS = 3;
/** Frames and operators shown: the innermost ones are those that rules are about. */
const MOST_LINES = 3;
/** Calls looked at on each side for the extent of a layer on its stream. */
const FARTHEST = 100_000;

/** What another kind of evidence says of a call: code in LAYER_TYPES and the rule's description. */
export interface OtherEvidence {
  readonly method: Method;
  readonly type: number;
  readonly rule: string;
}

/**
 * Why one call has its label: the rule, what was looked at, what weaker evidence would have said, and
 * the calls around it.
 *
 * @param call index in `measuredColumns(trace)`
 * @param others what weaker evidence would have said; see `otherVerdicts`
 * @throws NoSuchCallError for a call the trace does not have
 */
export function explainCall(
  trace: Trace,
  labels: LayerLabels,
  call: number,
  others: readonly OtherEvidence[] = [],
  note = '',
): CallExplanation {
  const columns = measuredColumns(trace);
  if (!Number.isInteger(call) || call < 0 || call >= columns.count) {
    throw new NoSuchCallError(
      `There is no call ${call}: the trace has ${formatCountOf(columns.count, 'call')}, counted from 0.`,
    );
  }
  const type = layerTypeOf(labels.type[call]);
  const reason = unclassifiedReasons(trace, labels)(call);
  const rule = reason || labels.rules[labels.rule[call]];
  return {
    call,
    ts_us: fileMicros(trace, columns.start[call], trace.lanes[columns.lane[call]].rank),
    name: trace.names.get(columns.name[call]),
    start_ns: columns.start[call],
    duration_ns: columns.duration[call],
    lane: laneNames(trace)[columns.lane[call]],
    layer_type: type.key,
    layer_label: type.label,
    layer_index: labels.index[call],
    module: trace.names.get(labels.module[call]),
    method: METHODS[labels.type[call] === 0 ? 0 : labels.method[call]],
    rule: ruleWords(rule),
    evidence: evidenceOf(trace, labels, call),
    alternatives: others.map((other) => {
      const { key, label } = layerTypeOf(other.type);
      return {
        method: other.method,
        layer_type: key,
        layer_label: label,
        rule: ruleWords(other.rule),
        agrees: other.type === labels.type[call],
      };
    }),
    neighbours: neighboursOf(trace, labels, call),
    note,
  };
}

/** "Name: attention kernel [attention]" in its two parts. */
export function ruleWords(description: string): RuleWords {
  const parts = /^(.*?)\s*\[([^[\]]+)\]$/s.exec(description);
  return parts === null ? { id: '', text: description } : { id: parts[2], text: parts[1] };
}

/** What the label's method and rule are about. */
function decidingKind(labels: LayerLabels, call: number): EvidenceKind | undefined {
  if (labels.type[call] === 0) {
    return undefined;
  }
  switch (METHODS[labels.method[call]]) {
    case 'module':
      return 'modules';
    case 'stack':
      return 'frame';
    case 'companion':
      return 'companion';
    case 'structure':
      return 'position';
    case 'name': {
      const rule = labels.rules[labels.rule[call]];
      return rule.startsWith('Operator:')
        ? 'operator'
        : rule.startsWith('Collective:')
          ? 'collective'
          : 'name';
    }
    case 'none':
      return undefined;
  }
}

function evidenceOf(trace: Trace, labels: LayerLabels, call: number): EvidenceLine[] {
  const isGpu = timeKindOf(trace) === 'gpu';
  const { gpu, ranges, names } = trace;
  const decidedBy = decidingKind(labels, call);
  const lines: EvidenceLine[] = [];
  const add = (kind: EvidenceKind, text: string): void => {
    // Of several lines of the deciding kind the first, the innermost, is shown as the one.
    const decided = kind === decidedBy && !lines.some((line) => line.kind === kind);
    lines.push({ kind, text, decided });
  };
  if (isGpu) {
    add('launch', launchWords(trace, call));
  }
  const modules = modulesOf(trace, call);
  const path = trace.names.get(labels.module[call]);
  if (modules.length > 0) {
    add('modules', modules.join(' > '));
  } else if (path !== '') {
    add('modules', path.replaceAll('.', ' > '));
  }
  const frames = stackOf(trace, call).filter(
    (frame) => frame.file !== '' || frame.library !== '' || frame.function !== '',
  );
  for (const frame of frames.slice(0, MOST_LINES)) {
    add('frame', frameWords(frame));
  }
  if (frames.length > MOST_LINES) {
    add('frame', `and ${formatCountOf(frames.length - MOST_LINES, 'frame')} around them`);
  }
  let operators = 0;
  for (const range of rangesAround(trace, call)) {
    if (ranges.kind[range] === OP && operators < MOST_LINES) {
      operators++;
      add('operator', names.get(ranges.name[range]));
    }
  }
  if (isGpu && gpu.collective[call] !== 0) {
    add('collective', names.get(gpu.collective[call]));
  }
  const position = positionWords(trace, labels, call);
  if (position !== '') {
    add('position', position);
  }
  add('name', names.get(measuredColumns(trace).name[call]));
  if (decidedBy === 'companion') {
    add('companion', `${METHOD_LABELS.companion}: ${labels.rules[labels.rule[call]]}`);
  }
  return lines;
}

function launchWords(trace: Trace, call: number): string {
  const { gpu, launches, lanes, names, ranges } = trace;
  const launch = launchOf(trace, call);
  if (launch < 0) {
    return trace.launches.count === 0 ? 'the trace has no launches' : 'no launch in the trace';
  }
  const api = names.get(launches.name[launch]);
  const where = lanes[launches.lane[launch]].label;
  if (gpu.replayed[call] === 1) {
    const captured = gpu.captured?.[call] ?? -1;
    const capture = captured < 0 ? '' : `, captured as ${names.get(launches.name[captured])}`;
    return `replayed from a graph by ${api} on ${where}${capture}`;
  }
  const hasFrames = ranges.kind.includes(FRAME);
  const bare = launches.range[launch] < 0 && hasFrames ? ', nothing recorded around it' : '';
  return `${api} on ${where}${bare}`;
}

/** "call 3 of 41 of layer 17 in a row on its stream; step ..."; '' where no layer is known. */
function positionWords(trace: Trace, labels: LayerLabels, call: number): string {
  const index = labels.index[call];
  const step = labels.step[call];
  const inStep = step === NO_STEP ? '' : `in step "${labels.steps[step].label}"`;
  if (index === NO_LAYER) {
    return inStep;
  }
  const sameRun = (other: number): boolean =>
    labels.index[other] === index && labels.step[other] === step;
  const before = along(trace, call, -1, FARTHEST, sameRun).length;
  const after = along(trace, call, 1, FARTHEST, sameRun).length;
  const place = `call ${formatCount(before + 1)} of ${formatCount(before + after + 1)} of layer ${index} in a row`;
  return inStep === '' ? place : `${place}, ${inStep}`;
}

function neighboursOf(trace: Trace, labels: LayerLabels, call: number): NeighbourCall[] {
  const columns = measuredColumns(trace);
  const all = () => true;
  const before = along(trace, call, -1, NEIGHBOURS, all).toReversed();
  const after = along(trace, call, 1, NEIGHBOURS, all);
  const neighbour = (other: number, offset: number): NeighbourCall => {
    const type = layerTypeOf(labels.type[other]);
    return {
      call: other,
      offset,
      name: trace.names.get(columns.name[other]),
      start_ns: columns.start[other],
      duration_ns: columns.duration[other],
      layer_type: type.key,
      layer_label: type.label,
      layer_index: labels.index[other],
      method: METHODS[labels.type[other] === 0 ? 0 : labels.method[other]],
    };
  };
  return [
    ...before.map((other, i) => neighbour(other, i - before.length)),
    ...after.map((other, i) => neighbour(other, i + 1)),
  ];
}

/** Calls of the same lane from `call` on, itself not included, while they belong; nearest first. */
function along(
  trace: Trace,
  call: number,
  direction: 1 | -1,
  most: number,
  belongs: (call: number) => boolean,
): number[] {
  const { count, lane } = measuredColumns(trace);
  const found: number[] = [];
  for (let other = call + direction; other >= 0 && other < count; other += direction) {
    if (lane[other] === lane[call]) {
      if (found.length >= most || !belongs(other)) {
        break;
      }
      found.push(other);
    }
  }
  return found;
}
