import {
  NO_STACK,
  type Lane,
  TraceOpenError,
  throwIfCancelled,
  type GpuColumns,
  type LaunchColumns,
  type RangeColumns,
  type Rank,
  type Trace,
  type TraceReport,
  type Warning,
} from '../../trace/index.js';
import type { FormatReader, Probe, ReadOptions, TraceSource } from '../reader.js';
import { contentChunks, type ContentState } from '../content.js';
import { TraceEventStream, type StreamEnd } from './eventStream.js';
import { statedRank } from './statedRank.js';
import { linkKernels, type LinkResult } from './launchLinks.js';
import { mergeRanks } from '../mergeRanks.js';
import { rankOfFileName } from '../ranks/rankOfName.js';
import { skippedTogether } from '../rowSkips.js';
import { RowsByRank, rankOfLabel, type RankRows } from './rankRows.js';
import { readMetadata, type KinetoMetadata } from './metadata.js';
import { nestRanges, type NestedRanges } from './rangeNesting.js';
import type { TraceRows } from './traceRows.js';

/** µs since the Unix epoch of 2001-09-09: a file without a base whose times are later states epochs. */
const FIRST_EPOCH_US = 1_000_000_000_000_000n;

/** PyTorch profiler (Kineto) traces: Chrome trace JSON, as such or as gzip. */
export const kinetoReader: FormatReader = {
  id: 'kineto',
  label: 'PyTorch profiler (Kineto)',
  detect: (probe) => Promise.resolve(looksLikeKineto(probe)),
  rank: statedRank,
  read,
};

/** Told by the first 64 KiB of text: an object with `traceEvents` or Kineto's own keys, or an array of events. */
function looksLikeKineto(probe: Probe): boolean {
  const text = new TextDecoder().decode(probe.content).replace(/^\ufeff/, '');
  const first = /^\s*([{[])/.exec(text)?.[1];
  if (first === '[') {
    return /^\s*\[\s*(\{|$)/.test(text) && /"ph"\s*:/.test(text);
  }
  return (
    first === '{' &&
    (/"traceEvents"\s*:/.test(text) ||
      (/"schemaVersion"\s*:/.test(text) &&
        /"(deviceProperties|distributedInfo|baseTimeNanoseconds|traceName)"\s*:/.test(text)))
  );
}

/**
 * Reads one file into columns, in one pass over its bytes; in a second one where the first time in the
 * file turns out to be far from all others.
 * @throws TraceOpenError; the signal's reason once it is aborted
 */
async function read(source: TraceSource, options: ReadOptions): Promise<Trace> {
  let content = await readContent(source, options, new RowsByRank());
  const bases = content.byRank.betterBases();
  if (bases.size > 0) {
    content = await readContent(source, options, new RowsByRank(bases));
  }
  throwIfCancelled(options.signal);
  options.progress?.({ stage: 'Linking kernels, launches and ranges' });
  return toTrace(source, content);
}

interface Content {
  readonly byRank: RowsByRank;
  readonly end: StreamEnd;
  readonly packing: ContentState;
}

async function readContent(
  source: TraceSource,
  options: ReadOptions,
  byRank: RowsByRank,
): Promise<Content> {
  const events = new TraceEventStream(byRank);
  const packing: ContentState = { gzip: false, failure: undefined };
  for await (const chunk of contentChunks(source, options, packing)) {
    events.push(chunk);
  }
  return { byRank, end: events.end(), packing };
}

function toTrace(source: TraceSource, { byRank, end, packing }: Content): Trace {
  const { rest } = byRank;
  if (end.cutAt !== undefined) {
    rest.rowsInFile++;
    rest.skip('rows cut off at the end of the file');
  }
  const all = byRank.all();
  refuseDamage(end, packing);
  const allRows = all.map(({ rows }) => rows);
  refuseForeign(allRows, end, packing);
  const meta = readMetadata(rest.metadataTexts);
  const ranks = all.filter(({ rows }) => rowsRead(rows) > 0);
  const trace = mergeRanks(ranks.map((rank) => rankTrace(source, rank, meta)));
  const { report } = trace;
  const damaged = sumOf(allRows, (rows) => rows.damagedRows);
  return {
    ...trace,
    files: [{ path: source.path, name: source.name, bytes: source.size }],
    report: {
      ...report,
      rowsInFile: sumOf(allRows, (rows) => rows.rowsInFile),
      skipped: skippedRows(allRows),
      warnings: [...fileWarnings(meta, end, packing, damaged), ...report.warnings],
      facts: meta.facts,
    },
  };
}

function sumOf(all: readonly TraceRows[], of: (rows: TraceRows) => number): number {
  return all.reduce((sum, rows) => sum + of(rows), 0);
}

function rowsRead(rows: TraceRows): number {
  return rows.gpu.count + rows.launches.count + rows.ranges.count + rows.host.count;
}

function skippedRows(all: readonly TraceRows[]): TraceReport['skipped'] {
  return skippedTogether(
    all.map(({ skipped }) => [...skipped].map(([reason, rows]) => ({ reason, rows }))),
  );
}

/** One rank of a file as a trace; what its report says of the whole file is left to be said once. */
function rankTrace(source: TraceSource, { label, rows }: RankRows, meta: KinetoMetadata): Trace {
  const launches = rows.launches.build();
  const lanes = rows.lanes.build(0);
  const links = linkKernels(rows.gpu, launches, rows.names, lanes, meta.uniqueCorrelations);
  const collectives = rows.collectives.build(rows.gpu.order());
  const gpu = rows.gpu.build();
  const nested = nestRanges(rows.ranges, [launches], resolutionNs(rows, meta));
  const ranges = withOperatorFacts(rows, nested, lanes);
  if (rows.stacks.stacks.length > 0) {
    giveStacks(launches, nested.columns, (range) => rows.ranges.stack[nested.fileRow[range]]);
  }
  const host = rows.host.build();

  const tables = [gpu, launches, nested.columns, host];
  const shift = firstStart(tables);
  let spanNs = 0;
  for (const table of tables) {
    for (let i = 0; i < table.count; i++) {
      table.start[i] -= shift;
      spanNs = Math.max(spanNs, table.start[i] + table.duration[i]);
    }
  }

  return {
    files: [{ path: source.path, name: source.name, bytes: source.size }],
    format: 'kineto',
    formatLabel:
      'PyTorch profiler (Kineto)' +
      (meta.schemaVersion === undefined ? '' : ` schema ${meta.schemaVersion}`),
    clock: {
      originNs: meta.baseNs + rows.clock.baseUs * 1000n + BigInt(shift),
      epoch: meta.hasBase || rows.clock.baseUs >= FIRST_EPOCH_US ? 'unix' : 'session',
      fileBaseNs: meta.baseNs,
    },
    spanNs,
    names: rows.names,
    ranks: [rankOf(source, label, rows, meta)],
    lanes,
    gpu,
    ...(collectives === undefined ? {} : { collectives }),
    launches,
    ranges,
    host,
    kernelShapes: rows.kernelShapes,
    stacks: { frames: rows.stacks.frames, stacks: rows.stacks.stacks },
    counters: rows.counters.build(shift, (process) => rows.lanes.deviceOf(process)),
    markers: [],
    report: rankReport(rows, gpu, links, nested.unclosed),
  };
}

/**
 * A gzip whose bytes were changed unpacks to text with wrong digits in it, long before or without any
 * error: figures from it would be wrong and nobody could tell which. One that is only cut is not
 * concerned, nor is what follows a complete JSON.
 * @throws TraceOpenError
 */
function refuseDamage(end: StreamEnd, packing: ContentState): void {
  const kind = packing.failure?.kind;
  if (kind === 'checksum' || (kind === 'damaged' && !end.complete)) {
    throw new TraceOpenError(
      'damaged',
      'Bytes of this gzip file have changed since it was written, so its figures cannot be trusted. Copy it again from the machine that wrote it.',
    );
  }
}

/** @throws TraceOpenError where nothing in the file is an event of a PyTorch profile */
function refuseForeign(all: readonly TraceRows[], end: StreamEnd, packing: ContentState): void {
  if (sumOf(all, rowsRead) > 0) {
    return;
  }
  const rowsInFile = sumOf(all, (rows) => rows.rowsInFile);
  const damagedRows = sumOf(all, (rows) => rows.damagedRows);
  if (packing.failure?.kind === 'cut') {
    throw new TraceOpenError(
      'damaged',
      'The gzip file is cut off before the first event could be unpacked. Copy it again from the machine that wrote it.',
    );
  }
  if (!end.opened) {
    throw new TraceOpenError(
      end.complete ? 'not-a-trace' : 'damaged',
      end.complete
        ? 'This JSON has no list of trace events (traceEvents).'
        : 'The JSON ends before its list of trace events begins. Copy the file again from the machine that wrote it.',
      'a JSON document',
    );
  }
  if (rowsInFile === damagedRows && damagedRows > 0) {
    throw new TraceOpenError('damaged', 'None of the events in this JSON can be read.');
  }
  throw new TraceOpenError(
    'not-a-trace',
    rowsInFile === 0
      ? 'This trace holds no events.'
      : `None of the ${rowsInFile} events in this Chrome trace comes from the PyTorch profiler: no kernels, API calls, operators or Python frames.`,
    'a Chrome trace without PyTorch profiler events',
  );
}

/**
 * How far apart two times of the file are at least: 1 µs where it has whole ones; 0.25 µs where it
 * has epochs with decimals, which were doubles when they were written; else 1 ns.
 */
function resolutionNs(rows: TraceRows, meta: KinetoMetadata): number {
  if (!rows.clock.sawFraction) {
    return 1000;
  }
  return !meta.hasBase && rows.clock.baseUs >= FIRST_EPOCH_US ? 250 : 1;
}

/** Whole ns of the first start of all tables. */
function firstStart(tables: readonly { count: number; start: Float64Array }[]): number {
  let first = Infinity;
  for (const table of tables) {
    // Tables are in time order.
    if (table.count > 0) {
      first = Math.min(first, table.start[0]);
    }
  }
  return Math.floor(first);
}

/** The nested ranges with what only some files say of operators: forward operator, module hierarchy. */
function withOperatorFacts(
  rows: TraceRows,
  { columns, fileRow }: NestedRanges,
  lanes: readonly Lane[],
): RangeColumns {
  const forward = rows.forward.column(rows.ranges, lanes, fileRow);
  const position = new Int32Array(columns.count);
  fileRow.forEach((row, i) => (position[row] = i));
  let hierarchy: Uint32Array | undefined;
  if (rows.hierarchies.size > 0) {
    hierarchy = new Uint32Array(columns.count);
    for (const [row, text] of rows.hierarchies) {
      hierarchy[position[row]] = text;
    }
  }
  return {
    ...columns,
    ...(forward === undefined ? {} : { forward }),
    ...(hierarchy === undefined ? {} : { hierarchy }),
  };
}

/** Old traces keep the stack with the operator: a launch has that of the nearest operator around it. */
function giveStacks(
  launches: LaunchColumns,
  ranges: RangeColumns,
  stackOf: (range: number) => number,
): void {
  for (let i = 0; i < launches.count; i++) {
    let stack = NO_STACK;
    for (let r = launches.range[i]; r >= 0 && stack < 0; r = ranges.parent[r]) {
      stack = stackOf(r);
    }
    launches.stack[i] = stack;
  }
}

/** @param label what a file of several ranks calls it; what such a file states of itself is its first rank's */
function rankOf(source: TraceSource, label: string, rows: TraceRows, meta: KinetoMetadata): Rank {
  const stated = meta.rank >= 0 ? meta.rank : rankOfFileName(source.name);
  const rank = label === '' ? stated : rankOfLabel(label);
  const used = rows.lanes.firstDevice;
  const device = meta.devices.find((d) => d.id === used) ?? meta.devices[0];
  return {
    rank,
    worldSize: meta.worldSize,
    label: rank >= 0 ? `rank ${rank}` : label === '' ? source.name : label,
    path: source.path,
    device: device?.name ?? '',
  };
}

/** What is to be said of a file as a whole. */
function fileWarnings(
  meta: KinetoMetadata,
  end: StreamEnd,
  packing: ContentState,
  damagedRows: number,
): Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, message: string, count = 0): void => {
    warnings.push({ code, message, rows: count });
  };
  const text = packing.gzip ? ' of the unpacked text' : '';
  if (packing.failure?.kind === 'damaged') {
    warn(
      'trailing-bytes',
      'The gzip file has bytes behind its end that are not part of the trace.',
    );
  } else if (end.trailing > 0) {
    warn(
      'trailing-bytes',
      `${end.trailing} bytes behind the end of the JSON are not part of the trace.`,
    );
  }
  if (packing.failure?.kind === 'cut' && end.complete) {
    warn(
      'unchecked',
      'The end of the gzip file, which holds its checksum, is missing or damaged: whether bytes have changed cannot be told.',
    );
  }
  if (end.cutAt !== undefined) {
    warn(
      'truncated',
      `The file ends in the middle of an event at byte ${end.cutAt}${text}; all events before it were read.`,
      1,
    );
  } else if (!end.complete) {
    warn(
      'truncated',
      `The file ends at byte ${end.bytes}${text} without closing its JSON; events may be missing.`,
    );
  }
  if (end.unclosed) {
    warn(
      'unclosed',
      `The file ends at byte ${end.bytes}${text}, between two events, without closing their list: whether its recorder left that out or the file was cut cannot be told.`,
    );
  }
  if (end.brokenAt !== undefined) {
    warn('damaged', `The JSON is damaged at byte ${end.brokenAt}${text}, after the events.`);
  }
  if (damagedRows > 0) {
    warn('damaged-rows', `${damagedRows} rows could not be read.`, damagedRows);
  }
  if (meta.unreadable.length > 0) {
    warn(
      'damaged',
      `These facts about the recording could not be read: ${meta.unreadable.join(', ')}.`,
    );
  }
  return warnings;
}

/** What was read of one rank, and what is missing in it. */
function rankReport(
  rows: TraceRows,
  gpu: GpuColumns,
  links: LinkResult,
  unclosed: number,
): TraceReport {
  const warnings: Warning[] = [];
  const warn = (code: string, message: string, count: number): void => {
    warnings.push({ code, message, rows: count });
  };
  if (unclosed > 0) {
    warn(
      'unclosed-frames',
      `${unclosed} Python rows were never closed by the profiler; they end with their caller.`,
      unclosed,
    );
  }
  warnings.push(...rows.counters.tracks.warnings());
  const missing: string[] = [];
  if (gpu.count === 0) {
    missing.push('GPU events');
  } else {
    if (links.without > links.ambiguous) {
      const count = links.without - links.ambiguous;
      warn(
        'no-launch',
        `${count} of ${gpu.count} GPU events have no launch in the trace: what ran them is unknown.`,
        count,
      );
    }
    if (links.ambiguous > 0) {
      warn(
        'ambiguous-launch',
        `${links.ambiguous} of ${gpu.count} GPU events carry a correlation id that calls of several processes carry, too: what ran them is unknown.`,
        links.ambiguous,
      );
    }
    if (rows.launches.count === 0) {
      missing.push('launches');
    }
    if (gpu.correlation.every(Number.isNaN)) {
      missing.push('correlation');
    }
  }
  if (rows.pythonRows === 0) {
    missing.push('python stacks');
  }
  if (rows.moduleRows === 0) {
    missing.push('module ranges');
  }
  if (rows.opRows === 0) {
    missing.push('operators');
  }
  return {
    rowsInFile: rows.rowsInFile,
    rowsRead: rowsRead(rows),
    rowsCounted: null,
    ...rows.counters.tracks.report(),
    skipped: skippedRows([rows]),
    warnings,
    missing,
    facts: [],
  };
}
