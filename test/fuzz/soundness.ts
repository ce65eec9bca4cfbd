import { decompose } from '../../src/analysis/decompose.js';
import { findStalls, stallColumns } from '../../src/analysis/stalls.js';
import { attribute } from '../../src/layers/attribute.js';
import { queryTables } from '../../src/query/tables.js';
import {
  GPU_KINDS,
  HOST_KINDS,
  LAYER_TYPES,
  METHODS,
  RANGE_KINDS,
  measuredColumns,
  type TimedColumns,
  type Trace,
} from '../../src/trace/index.js';

/** What is wrong with a trace that was opened, in words; none = nothing. */
export function unsoundParts(trace: Trace): string[] {
  const problems = new Set<string>();
  reportProblems(trace, problems);
  columnProblems(trace, problems);
  counterProblems(trace, problems);
  if (problems.size === 0) {
    analysisProblems(trace, problems);
  }
  return [...problems];
}

/** What is wrong with a sentence for people: text out of a file is escaped in it and cut. */
export function sentenceProblems(what: string, sentence: string): string[] {
  if (sentence.trim() === '') {
    return [`${what} without a sentence`];
  }
  if (/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(sentence)) {
    return [`${what} with raw control characters: ${JSON.stringify(sentence.slice(0, 300))}`];
  }
  return sentence.length > 3000 ? [`${what} with ${sentence.length} characters`] : [];
}

function reportProblems(trace: Trace, problems: Set<string>): void {
  const { report, gpu, launches, ranges, host } = trace;
  const rows = gpu.count + launches.count + ranges.count + host.count;
  const skipped = report.skipped.reduce((sum, { rows: n }) => sum + n, 0);
  if (report.rowsRead !== rows) {
    problems.add(`rowsRead is ${report.rowsRead}, the columns hold ${rows}`);
  }
  if (report.rowsRead + skipped !== report.rowsInFile) {
    problems.add(
      `${report.rowsRead} read + ${skipped} skipped is not ${report.rowsInFile} in file`,
    );
  }
  const counts = {
    rowsInFile: report.rowsInFile,
    rowsRead: report.rowsRead,
    rowsCounted: report.rowsCounted ?? 0,
    ...Object.fromEntries(report.skipped.map(({ reason, rows: n }) => [`skip '${reason}'`, n])),
    ...Object.fromEntries(report.warnings.map(({ code, rows: n }) => [`warning '${code}'`, n])),
    ...Object.fromEntries(
      (report.countedByName ?? []).flatMap((kind) => [
        [`rows of ${kind.name}`, kind.rows],
        [`count of ${kind.name}`, kind.counted ?? 0],
      ]),
    ),
  };
  for (const [what, count] of Object.entries(counts)) {
    if (!Number.isSafeInteger(count) || count < 0) {
      problems.add(`${what.slice(0, 80)} counts ${count}`);
    }
  }
  for (const { code, message } of report.warnings) {
    sentenceProblems(`warning '${code}'`, message).forEach((problem) => problems.add(problem));
  }
  if (!(trace.spanNs >= 0 && Number.isFinite(trace.spanNs))) {
    problems.add(`spanNs is ${trace.spanNs}`);
  }
}

function columnProblems(trace: Trace, problems: Set<string>): void {
  const { gpu, launches, ranges, host, names, stacks } = trace;
  const tables = { gpu, launches, ranges, host };
  for (const [table, columns] of Object.entries(tables)) {
    timedProblems(table, columns, trace, problems);
  }
  const index = (
    what: string,
    values: ArrayLike<number> | undefined,
    count: number,
    from: number,
    limit: number,
  ): void => {
    if (values !== undefined && values.length !== count) {
      problems.add(`${what} has ${values.length} entries of ${count}`);
    }
    for (let i = 0; i < (values?.length ?? 0); i++) {
      const value = values![i];
      if (!(Number.isInteger(value) && value >= from && value < limit)) {
        problems.add(`${what} points at ${value} of ${limit}`);
      }
    }
  };
  const { collectives } = trace;
  index('collectives.gpu', collectives?.gpu, collectives?.count ?? 0, 0, gpu.count);
  index('collectives.group', collectives?.group, collectives?.count ?? 0, 0, names.size);
  index('gpu.kind', gpu.kind, gpu.count, 0, GPU_KINDS.length);
  index('gpu.launch', gpu.launch, gpu.count, -1, launches.count);
  index('gpu.captured', gpu.captured, gpu.count, -1, launches.count);
  index('gpu.shape', gpu.shape, gpu.count, -1, trace.kernelShapes.length);
  index('gpu.collective', gpu.collective, gpu.count, 0, names.size);
  index('gpu.replayed', gpu.replayed, gpu.count, 0, 2);
  index('gpu.stack', gpu.stack, gpu.count, -1, stacks.stacks.length);
  index('launches.stack', launches.stack, launches.count, -2, stacks.stacks.length);
  index('launches.range', launches.range, launches.count, -1, ranges.count);
  index('ranges.kind', ranges.kind, ranges.count, 0, RANGE_KINDS.length);
  index('ranges.parent', ranges.parent, ranges.count, -1, ranges.count);
  index('ranges.forward', ranges.forward, ranges.count, -1, ranges.count);
  index('ranges.hierarchy', ranges.hierarchy, ranges.count, 0, names.size);
  index('host.kind', host.kind, host.count, 0, HOST_KINDS.length);
  for (const stack of stacks.stacks) {
    index('stacks', stack, stack.length, 0, stacks.frames.length);
  }
  parentProblems(ranges.parent, problems);
  if (trace.kept !== undefined) {
    const { type, index: layer, module, method, rule, step, rules, steps } = trace.kept.labels;
    const { count } = measuredColumns(trace);
    index('labels.type', type, count, 0, LAYER_TYPES.length);
    index('labels.index', layer, count, -1, 2 ** 15);
    index('labels.module', module, count, 0, names.size);
    index('labels.method', method, count, 0, METHODS.length);
    index('labels.rule', rule, count, 0, rules.length);
    index('labels.step', step, count, -1, steps.length);
    index(
      'steps.rank',
      steps.map(({ rank }) => rank),
      steps.length,
      0,
      trace.ranks.length,
    );
  }
  for (const { time, value, rank } of trace.counters) {
    index('counter.rank', [rank], 1, 0, trace.ranks.length);
    finite('counter samples', [...time, ...value], problems, -Infinity);
  }
  for (const [what, values] of [
    ['gpu.bytes', gpu.bytes],
    ['gpu.correlation', gpu.correlation],
    ['launches.correlation', launches.correlation],
  ] as const) {
    if (values?.some((value) => !Number.isNaN(value) && !Number.isFinite(value))) {
      problems.add(`${what} is infinite`);
    }
  }
  if (gpu.bytes.some((bytes) => bytes < 0)) {
    problems.add('gpu.bytes is negative');
  }
  for (const { rank } of trace.lanes) {
    index('lane.rank', [rank], 1, 0, trace.ranks.length);
  }
  for (const { grid, block } of trace.kernelShapes) {
    finite('kernelShapes', [...grid, ...block], problems);
  }
  finite('stack lines', [...stacks.frames.map(({ line }) => line)], problems);
  finite('marker times', [...trace.markers.map(({ time }) => time)], problems, -Infinity);
}

function counterProblems({ counters, report, ranks }: Trace, problems: Set<string>): void {
  let samples = 0;
  for (const { time, value, rank, device, name } of counters) {
    samples += time.length;
    if (time.length === 0 || time.length !== value.length) {
      problems.add(`a track has ${time.length} times of ${value.length} values`);
    }
    finite('counter times', [...time], problems, -Infinity);
    finite('counter values', [...value], problems, -Infinity);
    if (time.some((at, i) => at < time[i - 1])) {
      problems.add('a counter is not in time order');
    }
    if (!(rank >= 0 && rank < ranks.length && Number.isInteger(device) && device >= -1)) {
      problems.add(`a counter of rank ${rank}, device ${device}`);
    }
    if (typeof name !== 'string') {
      problems.add('a counter without a name');
    }
  }
  const { inFile, read } = report.samples ?? { inFile: 0, read: 0 };
  if (read !== samples || !Number.isSafeInteger(inFile) || inFile < read) {
    problems.add(`${read} of ${inFile} samples read, the tracks hold ${samples}`);
  }
}

function timedProblems(
  table: string,
  columns: TimedColumns,
  trace: Trace,
  problems: Set<string>,
): void {
  const { count, start, duration, name, lane } = columns;
  for (let i = 0; i < count; i++) {
    if (!(start[i] >= 0 && Number.isFinite(start[i]))) {
      problems.add(`${table} starts at ${start[i]}`);
    }
    if (!(duration[i] >= 0 && Number.isFinite(duration[i]))) {
      problems.add(`${table} lasts ${duration[i]}`);
    }
    if (start[i] < start[i - 1]) {
      problems.add(`${table} is not in time order`);
    }
    if (start[i] + duration[i] > trace.spanNs * (1 + 1e-9)) {
      problems.add(`${table} ends after the trace`);
    }
    if (name[i] >= trace.names.size || lane[i] >= trace.lanes.length) {
      problems.add(`${table} points at name ${name[i]}, lane ${lane[i]}, outside their tables`);
    }
  }
}

/** A range within itself would never end the walk to the root. */
function parentProblems(parent: Int32Array, problems: Set<string>): void {
  const settled = new Uint8Array(parent.length);
  for (let i = 0; i < parent.length; i++) {
    const path: number[] = [];
    const onPath = new Set<number>();
    for (let at = i; at >= 0 && at < parent.length && settled[at] === 0; at = parent[at]) {
      if (onPath.has(at)) {
        problems.add(`range ${at} is within itself`);
        break;
      }
      onPath.add(at);
      path.push(at);
    }
    path.forEach((at) => (settled[at] = 1));
  }
}

function finite(what: string, values: readonly number[], problems: Set<string>, least = 0): void {
  for (const value of values) {
    if (!(Number.isFinite(value) && value >= least)) {
      problems.add(`${what}: ${value}`);
    }
  }
}

function analysisProblems(trace: Trace, problems: Set<string>): void {
  const { count } = measuredColumns(trace);
  const labels = trace.kept?.labels ?? attribute(trace);
  if (labels.type.length !== count) {
    problems.add(`${labels.type.length} labels of ${count} calls`);
  }
  const decomposition = decompose(trace, labels, { by: 'layer-type' });
  const stalls = findStalls(trace, labels, { limit: Infinity });
  numberProblems('decomposition', decomposition, problems);
  numberProblems('stalls', stalls, problems);
  const calls = decomposition.rows.reduce((sum, row) => sum + row.calls, 0);
  if (calls !== count) {
    problems.add(`the rows of the decomposition hold ${calls} of ${count} calls`);
  }
  queryTables(trace, labels, stallColumns(trace, labels));
}

/** Every number of a result is finite and not negative, save a layer's index of -1. */
function numberProblems(at: string, value: unknown, problems: Set<string>): void {
  if (typeof value === 'number') {
    const unknownLayer = at.endsWith('.layer_index') && value === -1;
    // A call against a median of 0 took infinitely many times as long.
    const overNothing = at.endsWith('.times_typical') && value === Infinity;
    if (!unknownLayer && !overNothing && !(Number.isFinite(value) && value >= 0)) {
      problems.add(`${at} is ${value}`);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      numberProblems(Array.isArray(value) ? `${at}[]` : `${at}.${key}`, part, problems);
    }
  }
}
