import type { TimeWindow } from '../analysis/results.js';
import { rowsIn } from '../analysis/search.js';
import { visibleText } from '../analysis/visibleText.js';
import {
  GPU_KINDS,
  HOST_KINDS,
  METHODS,
  RANGE_KINDS,
  layerTypeOf,
  timeKindOf,
  type LayerLabels,
  type TimedColumns,
  type Trace,
} from '../trace/index.js';
import type { CsvTable, ExportPart, ExportParts } from './exportRequest.js';
import { inWindow } from './exportedRows.js';
import { TextBuffer } from './textBuffer.js';

/** What a cell holds: text is quoted where it has to be, and never runs as a formula. */
type Cell = string | number | bigint | null;

interface Column {
  readonly name: string;
  readonly cell: (row: number) => Cell;
}

/**
 * One table of a trace as CSV (RFC 4180: CRLF, quotes doubled), a header first. Columns have the names
 * they have in the SQL views; an empty cell is one the trace does not state.
 */
export function* csvParts(
  trace: Trace,
  labels: LayerLabels,
  table: CsvTable | undefined,
  window: TimeWindow | undefined,
): ExportParts {
  const host = timeKindOf(trace) === 'host_api';
  const chosen = table ?? (host ? 'launches' : 'gpu');
  const out = new TextBuffer();
  if (chosen === 'counters') {
    const rows = yield* counterLines(trace, window, out);
    yield out.take('Writing samples', 1);
    return { rows: [{ what: 'samples of counters', rows }], notes: [] };
  }
  const columns = columnsOf(trace, labels, chosen);
  out.add(line(columns.map(({ name }) => name)));
  const { from, to } = rowsIn(trace[chosen], window);
  for (let row = from; row < to; row++) {
    out.add(line(columns.map(({ cell }) => cell(row))));
    if (out.isFull) {
      yield out.take('Writing rows', (row - from) / (to - from));
    }
  }
  yield out.take('Writing rows', 1);
  const notes = [
    ...(to === from && trace[chosen].count > 0 ? ['Nothing starts in this window.'] : []),
    ...(trace[chosen].count === 0 ? [`The trace has no ${WHAT[chosen]}.`] : []),
    ...(host && chosen === 'launches' ? ['Durations are host time of API calls.'] : []),
  ];
  return { rows: [{ what: WHAT[chosen], rows: to - from }], notes };
}

const WHAT = {
  gpu: 'GPU events',
  launches: 'API calls',
  ranges: 'ranges',
  host: 'host events',
} as const;

function columnsOf(
  trace: Trace,
  labels: LayerLabels,
  table: Exclude<CsvTable, 'counters'>,
): readonly Column[] {
  const { gpu, launches, ranges, host, names, kernelShapes } = trace;
  const column = (name: string, cell: Column['cell']): Column => ({ name, cell });
  const begin = (kind?: Column): readonly Column[] => [
    column('id', (i) => i),
    column('name', (i) => names.get(trace[table].name[i])),
    ...(kind === undefined ? [] : [kind]),
    ...timeColumns(trace, trace[table]),
  ];
  switch (table) {
    case 'gpu': {
      const shape = (of: 'grid' | 'block', axis: number): Column =>
        column(`${of}_${'xyz'[axis]}`, (i) =>
          gpu.shape[i] < 0 ? null : kernelShapes[gpu.shape[i]][of][axis],
        );
      return [
        ...begin(column('kind', (i) => GPU_KINDS[gpu.kind[i]])),
        ...labelColumns(trace, labels),
        ...placeColumns(trace, gpu),
        column('correlation', (i) => measured(gpu.correlation[i])),
        column('launch_id', (i) => link(gpu.launch[i])),
        column('bytes', (i) => measured(gpu.bytes[i])),
        column('collective', (i) => textOr(names.get(gpu.collective[i]))),
        column('replayed', (i) => gpu.replayed[i]),
        ...[0, 1, 2].map((axis) => shape('grid', axis)),
        ...[0, 1, 2].map((axis) => shape('block', axis)),
      ];
    }
    case 'launches':
      return [
        ...begin(),
        ...(timeKindOf(trace) === 'host_api' ? labelColumns(trace, labels) : []),
        ...placeColumns(trace, launches),
        column('correlation', (i) => measured(launches.correlation?.[i] ?? NaN)),
        column('range_id', (i) => link(launches.range[i])),
      ];
    case 'ranges':
      return [
        ...begin(column('kind', (i) => RANGE_KINDS[ranges.kind[i]])),
        ...placeColumns(trace, ranges),
        column('parent_id', (i) => link(ranges.parent[i])),
      ];
    case 'host':
      return [
        ...begin(column('kind', (i) => HOST_KINDS[host.kind[i]])),
        ...placeColumns(trace, host),
      ];
  }
}

function timeColumns(trace: Trace, { start, duration }: TimedColumns): readonly Column[] {
  return [
    { name: 'start_ns', cell: (i) => start[i] },
    { name: 'duration_ns', cell: (i) => duration[i] },
    // Beyond what a double holds, so by whole numbers.
    {
      name: 'timestamp_ns',
      cell: (i) => trace.clock.originNs + BigInt(Math.round(start[i])),
    },
  ];
}

function placeColumns(trace: Trace, { lane }: TimedColumns): readonly Column[] {
  const of = (i: number) => trace.lanes[lane[i]];
  const isStream = (i: number) => of(i).kind === 'stream';
  return [
    { name: 'rank', cell: (i) => link(trace.ranks[of(i).rank].rank) },
    { name: 'device', cell: (i) => link(of(i).device) },
    { name: 'stream', cell: (i) => (isStream(i) ? idCell(of(i).id) : null) },
    { name: 'process', cell: (i) => idCell(of(i).process) },
    { name: 'thread', cell: (i) => (isStream(i) ? null : idCell(of(i).id)) },
  ];
}

function labelColumns(trace: Trace, labels: LayerLabels): readonly Column[] {
  const { type, index, module, method, rule, rules, step, steps } = labels;
  const at = (i: number) => (step[i] < 0 ? undefined : steps[step[i]]);
  return [
    { name: 'layer_type', cell: (i) => layerTypeOf(type[i]).key },
    { name: 'layer_label', cell: (i) => layerTypeOf(type[i]).label },
    { name: 'layer_index', cell: (i) => link(index[i]) },
    { name: 'module', cell: (i) => textOr(trace.names.get(module[i])) },
    { name: 'method', cell: (i) => METHODS[method[i]] },
    { name: 'rule', cell: (i) => textOr(rules[rule[i]]) },
    { name: 'step', cell: (i) => at(i)?.number ?? null },
    { name: 'phase', cell: (i) => at(i)?.phase ?? 'unknown' },
  ];
}

function* counterLines(
  trace: Trace,
  window: TimeWindow | undefined,
  out: TextBuffer,
): Generator<ExportPart, number, undefined> {
  out.add(line(['name', 'unit', 'rank', 'device', 'source', 'time_ns', 'value']));
  let rows = 0;
  for (const { name, unit, rank, device, source, time, value } of trace.counters) {
    const head = [name, unit, link(trace.ranks[rank].rank), link(device), source];
    for (let i = 0; i < time.length; i++) {
      if (inWindow(window, time[i])) {
        out.add(line([...head, time[i], value[i]]));
        rows++;
        if (out.isFull) {
          yield out.take('Writing samples', 0);
        }
      }
    }
  }
  return rows;
}

function link(value: number): Cell {
  return value < 0 ? null : value;
}

function measured(value: number): Cell {
  return Number.isNaN(value) ? null : value;
}

function textOr(text: string): Cell {
  return text === '' ? null : text;
}

function idCell(text: string): Cell {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : textOr(text);
}

function line(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

/** What a spreadsheet takes for the beginning of a formula, full-width signs among them. */
const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/**
 * A cell as RFC 4180 writes it. Names in a trace are whatever a program wrote: a text that would run as a
 * formula begins with an apostrophe, which spreadsheets take for "this is text"; controls are escaped.
 */
export function cellText(cell: Cell): string {
  if (cell === null) {
    return '';
  }
  if (typeof cell !== 'string') {
    return String(cell);
  }
  const plain = visibleText(FORMULA.test(cell) ? `'${cell}` : cell);
  return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
