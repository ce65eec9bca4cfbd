import {
  NO_STACK,
  NameTable,
  TraceOpenError,
  type CollectiveColumns,
  type CounterTrack,
  type Frame,
  type GpuColumns,
  type HostColumns,
  type KernelShape,
  type LaunchColumns,
  type Marker,
  type RangeColumns,
  type Rank,
  type RecordedTime,
  type RankClock,
  type TimedColumns,
  type Trace,
  type TraceReport,
  type Warning,
} from '../trace/index.js';
import { timeOrder } from '../trace/timeOrder.js';
import { rankClocks } from './ranks/rankClocks.js';

/**
 * Several ranks of one run as one trace on one clock: the earliest origin is 0, all starts are
 * shifted by whole ns, every table is in time order again and its links point at the merged rows.
 * Ranks come in order of their numbers. Two files that state the same rank are both kept, told apart
 * by their names. How far apart the clocks of their hosts are is told by the collectives they have in
 * common (`rankClocks`), and set right where the times cannot be true without.
 *
 * @throws TraceOpenError where the formats differ, or the clocks have no common zero
 * @throws RangeError for no traces
 */
export function mergeRanks(traces: readonly Trace[]): Trace {
  if (traces.length === 0) {
    throw new RangeError('no traces to merge');
  }
  if (traces.length === 1) {
    return traces[0];
  }
  refuseMixture(traces);
  const parts = [...traces].sort((a, b) => rankNumber(a) - rankNumber(b));
  const warnings: Warning[] = [];
  const ranks = namedApart(
    numberedNodes(
      parts.flatMap((part) => part.ranks),
      parts[0].format,
    ),
    warnings,
  );
  const labels = labelsOf(parts, ranks);

  const clocks = rankClocks(parts, labels);
  const origins = parts.map((part, i) => part.clock.originNs + BigInt(clocks[i].shiftNs));
  const originNs = origins.reduce((least, origin) => (origin < least ? origin : least));
  const shifts = origins.map((origin) => Number(origin - originNs));
  warnAboutClocks(parts, clocks, warnings);
  if (parts.some((part) => part.kept !== undefined)) {
    warnings.push({
      code: 'labels-not-kept',
      message:
        'Imports of several ranks were opened together: their layers are told anew. Import the ranks together to keep them.',
      rows: 0,
    });
  }

  const names = new NameTable();
  const nameIds = parts.map((part) =>
    Uint32Array.from(part.names.all(), (name) => names.intern(name)),
  );
  const partOfRank = parts.flatMap((part, i) => part.ranks.map(() => i));
  const firstRank = running(parts.map((part) => part.ranks.length));
  const firstLane = running(parts.map((part) => part.lanes.length));
  const firstStack = running(parts.map((part) => part.stacks.stacks.length));
  const firstFrame = running(parts.map((part) => part.stacks.frames.length));
  const { kernelShapes, shapeIds } = mergeShapes(parts);

  const table = <T extends TimedColumns>(of: (part: Trace) => T): Merge<T> =>
    mergeTimes(parts.map(of), shifts, nameIds, firstLane);
  const ranges = table((part) => part.ranges);
  const launches = table((part) => part.launches);
  const gpu = table((part) => part.gpu);
  const host = table((part) => part.host);

  const stackId = (id: number, part: number): number => (id < 0 ? id : id + firstStack[part]);
  const merged = {
    gpu: {
      ...gpu.timed,
      kind: gpu.column(Uint8Array, (t) => t.kind),
      launch: gpu.column(
        Int32Array,
        (t) => t.launch,
        (row, part) => (row < 0 ? row : launches.position[part][row]),
      ),
      correlation: gpu.column(Float64Array, (t) => t.correlation),
      bytes: gpu.column(Float64Array, (t) => t.bytes),
      shape: gpu.column(
        Int32Array,
        (t) => t.shape,
        (id, part) => (id < 0 ? id : shapeIds[part][id]),
      ),
      collective: gpu.column(
        Uint32Array,
        (t) => t.collective,
        (id, part) => nameIds[part][id],
      ),
      replayed: gpu.column(Uint8Array, (t) => t.replayed),
      ...(parts.some((part) => part.gpu.captured !== undefined) && {
        captured: gpu.column(
          Int32Array,
          (t) => t.captured ?? new Int32Array(t.count).fill(-1),
          (row, part) => (row < 0 ? row : launches.position[part][row]),
        ),
      }),
      stack: gpu.column(Int32Array, (t) => t.stack, stackId),
    } satisfies GpuColumns,
    launches: {
      ...launches.timed,
      ...(parts.some((part) => part.launches.correlation !== undefined) && {
        correlation: launches.column(
          Float64Array,
          (t) => t.correlation ?? new Float64Array(t.count).fill(NaN),
        ),
      }),
      stack: launches.column(Int32Array, (t) => t.stack, stackId),
      range: launches.column(
        Int32Array,
        (t) => t.range,
        (row, part) => (row < 0 ? row : ranges.position[part][row]),
      ),
    } satisfies LaunchColumns,
    ranges: {
      ...ranges.timed,
      kind: ranges.column(Uint8Array, (t) => t.kind),
      parent: ranges.column(
        Int32Array,
        (t) => t.parent,
        (row, part) => (row < 0 ? row : ranges.position[part][row]),
      ),
      ...(parts.some((part) => part.ranges.forward !== undefined) && {
        forward: ranges.column(
          Int32Array,
          (t) => t.forward ?? new Int32Array(t.count).fill(-1),
          (row, part) => (row < 0 ? row : ranges.position[part][row]),
        ),
      }),
      ...(parts.some((part) => part.ranges.hierarchy !== undefined) && {
        hierarchy: ranges.column(
          Uint32Array,
          (t) => t.hierarchy ?? new Uint32Array(t.count),
          (id, part) => nameIds[part][id],
        ),
      }),
    } satisfies RangeColumns,
    host: {
      ...host.timed,
      kind: host.column(Uint8Array, (t) => t.kind),
      ...(parts.some((part) => part.host.stack !== undefined) && {
        stack: host.column(
          Int32Array,
          (t) => t.stack ?? new Int32Array(t.count).fill(NO_STACK),
          stackId,
        ),
      }),
    } satisfies HostColumns,
  };

  const collectives = mergeCollectives(parts, gpu.position, nameIds);
  return {
    files: parts.flatMap((part) => part.files),
    format: parts[0].format,
    formatLabel: [...new Set(parts.map((part) => part.formatLabel))].join(', '),
    clock: { originNs, epoch: parts[0].clock.epoch, fileBaseNs: parts[0].clock.fileBaseNs },
    spanNs: Math.max(...parts.map((part, i) => shifts[i] + part.spanNs)),
    ...recordedByAny(parts, shifts),
    names,
    ranks: ranks.map((rank, i) => ({ ...rank, clock: clocks[partOfRank[i]] })),
    lanes: parts.flatMap((part, i) =>
      part.lanes.map((lane) => ({ ...lane, rank: lane.rank + firstRank[i] })),
    ),
    ...merged,
    ...(collectives === undefined ? {} : { collectives }),
    kernelShapes,
    stacks: {
      frames: parts.flatMap((part): readonly Frame[] => part.stacks.frames),
      stacks: parts.flatMap((part, i) =>
        part.stacks.stacks.map((stack) => stack.map((frame) => frame + firstFrame[i])),
      ),
    },
    counters: parts.flatMap((part, i) =>
      part.counters.map((track): CounterTrack => ({
        ...track,
        rank: track.rank + firstRank[i],
        time: track.time.map((time) => time + shifts[i]),
      })),
    ),
    markers: parts
      .flatMap((part, i) =>
        part.markers.map((marker): Marker => ({ ...marker, time: marker.time + shifts[i] })),
      )
      .sort((a, b) => a.time - b.time),
    report: mergeReports(
      parts.map((part) => part.report),
      labels,
      warnings,
    ),
  };
}

/** When the recorder of any part ran, where one of them paused. */
function recordedByAny(
  parts: readonly Trace[],
  shifts: readonly number[],
): Pick<Trace, 'recorded'> {
  if (parts.every(({ recorded }) => recorded === undefined)) {
    return {};
  }
  const all = parts
    .flatMap(({ recorded, spanNs }, i) =>
      (recorded ?? [{ start: 0, end: spanNs }]).map(({ start, end }) => ({
        start: start + shifts[i],
        end: end + shifts[i],
      })),
    )
    .sort((a, b) => a.start - b.start);
  const recorded: RecordedTime[] = [];
  for (const time of all) {
    const last = recorded.at(-1);
    if (last === undefined || time.start > last.end) {
      recorded.push(time);
    } else {
      recorded[recorded.length - 1] = { start: last.start, end: Math.max(last.end, time.end) };
    }
  }
  return { recorded };
}

/** Ranks that do not state their number come last. */
function rankNumber(trace: Trace): number {
  const rank = trace.ranks[0]?.rank ?? -1;
  return rank < 0 ? Number.MAX_SAFE_INTEGER : rank;
}

/** What warnings about a part begin with. */
function labelsOf(parts: readonly Trace[], ranks: readonly Rank[]): string[] {
  let next = 0;
  return parts.map((part) => {
    const own = ranks.slice(next, next + part.ranks.length);
    next += part.ranks.length;
    return own.length === 1 ? own[0].label : (part.files[0]?.name ?? '');
  });
}

function refuseMixture(traces: readonly Trace[]): void {
  const labels = [...new Set(traces.map((trace) => trace.formatLabel))];
  if (new Set(traces.map((trace) => trace.format)).size > 1) {
    throw new TraceOpenError(
      'unsupported',
      `These files are not ranks of one run: they have different formats (${labels.join(', ')}). Open them one at a time.`,
    );
  }
  if (new Set(traces.map((trace) => trace.clock.epoch)).size > 1) {
    throw new TraceOpenError(
      'unsupported',
      'Some of these files state absolute times and others do not, so they cannot be laid over one another. Open them one at a time.',
    );
  }
  const origins = traces.map((trace) => trace.clock.originNs);
  const least = origins.reduce((a, b) => (a < b ? a : b));
  if (origins.some((origin) => origin - least > BigInt(Number.MAX_SAFE_INTEGER))) {
    throw new TraceOpenError(
      'unsupported',
      'These files were recorded more than 100 days apart: they are not ranks of one run. Open them one at a time.',
    );
  }
}

function warnAboutClocks(
  parts: readonly Trace[],
  clocks: readonly RankClock[],
  warnings: Warning[],
): void {
  const unknown = clocks.some((clock) => clock.skewNs === null);
  const origins = new Set(parts.map((part) => part.clock.originNs));
  if (parts[0].clock.epoch === 'session' && unknown && origins.size > 1) {
    warnings.push({
      code: 'session-clocks',
      message:
        'The files count time from a zero of their own recorder. Times of different ranks can only be compared if they were recorded on one machine.',
      rows: 0,
    });
  }
  if (new Set(parts.map((part) => part.clock.fileBaseNs)).size > 1) {
    warnings.push({
      code: 'different-bases',
      message: `The files count their times from different bases; times "as in the file" are those of ${parts[0].files[0]?.name ?? 'the first'}.`,
      rows: 0,
    });
  }
}

/**
 * The databases of an Ingero cluster without rank numbers are those of its nodes, which are told apart
 * by number: the names of hosts in them are private.
 */
function numberedNodes(ranks: readonly Rank[], format: Trace['format']): readonly Rank[] {
  let node = 0;
  return format !== 'ingero'
    ? ranks
    : ranks.map((rank) => (rank.rank >= 0 ? rank : { ...rank, label: `node ${++node}` }));
}

/** Ranks with the same label get the name of their file, where that does not help its path. */
function namedApart(ranks: readonly Rank[], warnings: Warning[]): Rank[] {
  const twice = new Set(
    ranks.map((rank) => rank.rank).filter((rank, i, all) => rank >= 0 && all.indexOf(rank) !== i),
  );
  for (const rank of twice) {
    const paths = ranks.filter((r) => r.rank === rank).map((r) => fileName(r.path));
    warnings.push({
      code: 'duplicate-rank',
      message: `${paths.length} files state that they are rank ${rank} (${paths.join(', ')}); all are kept.`,
      rows: 0,
    });
  }
  const byFile = ranks.map((rank) =>
    twice.has(rank.rank) ? { ...rank, label: `${rank.label} (${fileName(rank.path)})` } : rank,
  );
  return byFile.map((rank, i) =>
    byFile.some((other, j) => j !== i && other.label === rank.label)
      ? { ...rank, label: `${rank.label} (${rank.path})` }
      : rank,
  );
}

function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** Where the rows of each part begin when parts are laid end to end. */
function running(counts: readonly number[]): number[] {
  let sum = 0;
  return counts.map((count) => {
    const before = sum;
    sum += count;
    return before;
  });
}

type Column =
  Float64Array | Uint32Array | Int32Array | Uint16Array | Int16Array | Uint8Array | Int8Array;

/** One table of several parts, in time order. */
interface Merge<T> {
  readonly timed: TimedColumns;
  /** merged row of each row of each part */
  readonly position: readonly Int32Array[];
  /** A column in the merged order; `map` renumbers a value of the given part. */
  column<C extends Column>(
    type: new (length: number) => C,
    of: (table: T) => Column,
    map?: (value: number, part: number) => number,
  ): C;
}

function mergeTimes<T extends TimedColumns>(
  tables: readonly T[],
  shifts: readonly number[],
  nameIds: readonly Uint32Array[],
  firstLane: readonly number[],
): Merge<T> {
  const first = running(tables.map((t) => t.count));
  const count = tables.reduce((sum, t) => sum + t.count, 0);
  const start = new Float64Array(count);
  const duration = new Float64Array(count);
  tables.forEach((t, part) => {
    for (let i = 0; i < t.count; i++) {
      start[first[part] + i] = t.start[i] + shifts[part];
    }
    duration.set(t.duration, first[part]);
  });
  const order = timeOrder(start, duration, count);
  const position = tables.map((t) => new Int32Array(t.count));
  const partOf = new Uint32Array(count);
  const rowOf = new Uint32Array(count);
  tables.forEach((t, part) => {
    for (let i = 0; i < t.count; i++) {
      partOf[first[part] + i] = part;
      rowOf[first[part] + i] = i;
    }
  });
  for (let i = 0; i < count; i++) {
    position[partOf[order[i]]][rowOf[order[i]]] = i;
  }
  const column = <C extends Column>(
    type: new (length: number) => C,
    of: (table: T) => Column,
    map?: (value: number, part: number) => number,
  ): C => {
    const out = new type(count);
    tables.forEach((t, part) => {
      const values = of(t);
      const to = position[part];
      for (let i = 0; i < t.count; i++) {
        out[to[i]] = map === undefined ? values[i] : map(values[i], part);
      }
    });
    return out;
  };
  const mergedStart = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    mergedStart[i] = start[order[i]];
  }
  return {
    timed: {
      count,
      start: mergedStart,
      duration: column(Float64Array, (t) => t.duration),
      name: column(
        Uint32Array,
        (t) => t.name,
        (id, part) => nameIds[part][id],
      ),
      lane: column(
        Uint32Array,
        (t) => t.lane,
        (lane, part) => lane + firstLane[part],
      ),
    },
    position,
    column,
  };
}

/** What the files say of their collectives, under the rows of the merged events. */
function mergeCollectives(
  parts: readonly Trace[],
  position: readonly Int32Array[],
  nameIds: readonly Uint32Array[],
): CollectiveColumns | undefined {
  const entries = parts.flatMap(({ collectives }, part) =>
    Array.from({ length: collectives?.count ?? 0 }, (_, i) => ({ part, i, collectives })),
  );
  if (entries.length === 0) {
    return undefined;
  }
  const rowOf = ({ part, i, collectives }: (typeof entries)[number]): number =>
    position[part][collectives?.gpu[i] ?? 0];
  entries.sort((a, b) => rowOf(a) - rowOf(b));
  return {
    count: entries.length,
    gpu: Uint32Array.from(entries, rowOf),
    group: Uint32Array.from(entries, (e) => nameIds[e.part][e.collectives?.group[e.i] ?? 0]),
    sent: Float64Array.from(entries, (e) => e.collectives?.sent[e.i] ?? NaN),
    received: Float64Array.from(entries, (e) => e.collectives?.received[e.i] ?? NaN),
  };
}

function mergeShapes(parts: readonly Trace[]): {
  kernelShapes: KernelShape[];
  shapeIds: Int32Array[];
} {
  const kernelShapes: KernelShape[] = [];
  const ids = new Map<string, number>();
  const shapeIds = parts.map((part) =>
    Int32Array.from(part.kernelShapes, (shape) => {
      const key = `${shape.grid.join()}/${shape.block.join()}`;
      const known = ids.get(key);
      if (known !== undefined) {
        return known;
      }
      const id = kernelShapes.push(shape) - 1;
      ids.set(key, id);
      return id;
    }),
  );
  return { kernelShapes, shapeIds };
}

function mergeReports(
  reports: readonly TraceReport[],
  labels: readonly string[],
  warnings: readonly Warning[],
): TraceReport {
  const skipped = new Map<string, number>();
  for (const report of reports) {
    for (const { reason, rows } of report.skipped) {
      skipped.set(reason, (skipped.get(reason) ?? 0) + rows);
    }
  }
  const counted = reports.map((report) => report.rowsCounted);
  const samples = reports.flatMap((report) => report.samples ?? []);
  return {
    rowsInFile: reports.reduce((sum, report) => sum + report.rowsInFile, 0),
    rowsRead: reports.reduce((sum, report) => sum + report.rowsRead, 0),
    rowsCounted: counted.reduce(
      (sum, rows) => (sum === null || rows === null ? null : sum + rows),
      0,
    ),
    ...(reports.every((report) => report.countedByName !== undefined)
      ? { countedByName: reports.flatMap((report) => report.countedByName ?? []) }
      : {}),
    ...(samples.length > 0 && {
      samples: {
        inFile: samples.reduce((sum, { inFile }) => sum + inFile, 0),
        read: samples.reduce((sum, { read }) => sum + read, 0),
      },
    }),
    skipped: [...skipped]
      .map(([reason, rows]) => ({ reason, rows }))
      .sort((a, b) => b.rows - a.rows),
    warnings: [
      ...warnings,
      ...reports.flatMap((report, i) =>
        report.warnings.map((warning) => ({
          ...warning,
          message: `${labels[i]}: ${warning.message}`,
        })),
      ),
    ],
    missing: commonOrNamed(
      reports.map((report) => report.missing),
      labels,
      (text, label) => `${text} (${label})`,
      (text) => text,
    ),
    facts: commonOrNamed(
      reports.map((report) => report.facts),
      labels,
      (fact, label) => ({ name: `${fact.name} (${label})`, value: fact.value }),
      (fact) => `${fact.name}\0${fact.value}`,
    ),
  };
}

/** What all parts state is said once, what some state is said with their label. */
function commonOrNamed<T>(
  lists: readonly (readonly T[])[],
  labels: readonly string[],
  named: (item: T, label: string) => T,
  key: (item: T) => string,
): T[] {
  const said = new Set<string>();
  const out: T[] = [];
  lists.forEach((list, i) => {
    for (const item of list) {
      const k = key(item);
      if (!lists.every((other) => other.some((o) => key(o) === k))) {
        out.push(named(item, labels[i]));
      } else if (!said.has(k)) {
        said.add(k);
        out.push(item);
      }
    }
  });
  return out;
}
