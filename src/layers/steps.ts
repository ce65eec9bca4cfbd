import { bisectLeft, bisectRight } from 'd3-array';
import {
  ANNOTATION,
  measuredColumns,
  NO_STEP,
  sharedColumn,
  type LayerLabels,
  type NameTable,
  type Phase,
  type Step,
  type Trace,
} from '../trace/index.js';
import { launchOfCalls } from './callEvidence.js';
import type { RuleSet, StepRule } from './rules.js';
import { testedText } from './testedText.js';

/** One annotation that is a step. */
interface FoundStep {
  readonly range: number;
  readonly end: number;
  readonly rule: StepRule;
  readonly phase: Phase;
  /** stated in the annotation, NaN where it is not */
  readonly number: number;
}

function readAnnotation(
  name: string,
  rules: RuleSet,
): { rule: StepRule; phase: Phase; number: number } | null {
  for (const rule of rules.steps) {
    const match = rule.match.exec(name);
    if (match === null) {
      continue;
    }
    const groups = match.groups ?? {};
    const prefill = Number(groups['prefill'] ?? 0) > 0;
    const decode = Number(groups['decode'] ?? 0) > 0;
    const word = (groups['phase'] ?? '').toLowerCase();
    const counted: Phase =
      prefill && decode ? 'mixed' : prefill ? 'prefill' : decode ? 'decode' : 'unknown';
    return {
      rule,
      phase: Object.hasOwn(rules.phaseWords, word) ? rules.phaseWords[word] : counted,
      number: groups['number'] === undefined ? NaN : Number(groups['number']),
    };
  }
  return null;
}

/** Steps of one thread, in time order, none inside another. */
function outermost(steps: readonly FoundStep[], start: Float64Array): FoundStep[] {
  const strong = steps.filter((step) => !step.rule.weak);
  const strongStarts = strong.map((step) => start[step.range]);
  const holdsStrong = (step: FoundStep) => {
    const next = strong.at(bisectLeft(strongStarts, start[step.range]));
    return next !== undefined && start[next.range] >= start[step.range] && next.end <= step.end;
  };
  const kept: FoundStep[] = [];
  let end = -Infinity;
  for (const step of steps) {
    if ((step.rule.weak && holdsStrong(step)) || start[step.range] < end) {
      continue;
    }
    kept.push(step);
    end = step.end;
  }
  return kept;
}

function memoise<T>(names: NameTable, f: (name: string) => T): (id: number) => T {
  const known = new Map<number, { value: T }>();
  return (id) => {
    let entry = known.get(id);
    if (entry === undefined) {
      entry = { value: f(testedText(names.get(id))) };
      known.set(id, entry);
    }
    return entry.value;
  };
}

function listOf<T>(lists: Map<number, T[]>, key: number): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/**
 * Finds the engine steps or iterations that annotations mark, and tells for each call in which it was
 * launched: by the launch's time inside the annotation on the launching thread, or by the range that
 * the trace states around it. Calls launched from other threads, or without a launch in the trace, belong
 * to no step.
 * @returns `steps` in time order and one index into it a measured call
 */
export function findSteps(trace: Trace, rules: RuleSet): Pick<LayerLabels, 'steps' | 'step'> {
  const { ranges, launches, lanes, names } = trace;
  const { start, duration } = ranges;
  const readByName = memoise(names, (name) => readAnnotation(name, rules));
  const trainingPatterns = rules.steps.flatMap((rule) => rule.trainWhenHolds ?? []);
  const isTraining = memoise(names, (name) => trainingPatterns.some((p) => p.test(name)));
  const found = new Map<number, FoundStep[]>();
  /** by lane: starts of the annotations that only training has */
  const training = new Map<number, number[]>();
  for (let i = 0; i < ranges.count; i++) {
    if (ranges.kind[i] !== ANNOTATION) {
      continue;
    }
    const read = readByName(ranges.name[i]);
    if (read !== null) {
      listOf(found, ranges.lane[i]).push({ ...read, range: i, end: start[i] + duration[i] });
    } else if (isTraining(ranges.name[i])) {
      listOf(training, ranges.lane[i]).push(start[i]);
    }
  }

  const kept = [...found.values()]
    .flatMap((steps) => outermost(steps, start))
    .sort((a, b) => a.range - b.range);
  const orderOfRank = new Map<number, number>();
  const steps = kept.map(({ range, end, rule, phase, number }): Step => {
    const { rank } = lanes[ranges.lane[range]];
    const order = orderOfRank.get(rank) ?? 0;
    orderOfRank.set(rank, order + 1);
    const marks = training.get(ranges.lane[range]) ?? [];
    const nextMark = marks.at(bisectLeft(marks, start[range]));
    const trains =
      rule.trainWhenHolds !== null &&
      nextMark !== undefined &&
      nextMark >= start[range] &&
      nextMark < end;
    return {
      label: names.get(ranges.name[range]),
      phase: trains ? 'train' : phase,
      rank,
      number: Number.isNaN(number) ? order : number,
      start: start[range],
      duration: duration[range],
    };
  });

  /** by lane: positions in `steps`, and their starts */
  const ofLane = new Map<number, { positions: number[]; starts: number[] }>();
  kept.forEach(({ range }, position) => {
    const lane = ofLane.get(ranges.lane[range]) ?? { positions: [], starts: [] };
    ofLane.set(ranges.lane[range], lane);
    lane.positions.push(position);
    lane.starts.push(start[range]);
  });
  if (steps.length === 0) {
    return { steps, step: sharedColumn(Int8Array, measuredColumns(trace).count).fill(NO_STEP) };
  }
  // A step is when something ran: of a replay the launch of its graph, not what was captured before.
  const launchOf = launchOfCalls(trace);
  const { count } = measuredColumns(trace);
  const step = sharedColumn(Int32Array, count).fill(NO_STEP);
  const positionOf = new Map(kept.map(({ range }, position) => [range, position]));
  /** Of an annotation that is about the launching process and on no thread of it. */
  const stepAround = (call: number): number => {
    for (let range = launches.range[call]; range >= 0; range = ranges.parent[range]) {
      const position = positionOf.get(range);
      if (position !== undefined) {
        return position;
      }
    }
    return NO_STEP;
  };
  for (let i = 0; i < count; i++) {
    if (launchOf(i) < 0) {
      continue;
    }
    const lane = ofLane.get(launches.lane[launchOf(i)]);
    if (lane === undefined) {
      step[i] = positionOf.size === 0 ? NO_STEP : stepAround(launchOf(i));
      continue;
    }
    const time = launches.start[launchOf(i)];
    const before = bisectRight(lane.starts, time) - 1;
    if (before >= 0) {
      const position = lane.positions[before];
      if (time < steps[position].start + steps[position].duration) {
        step[i] = position;
      }
    }
  }
  return { steps, step };
}
