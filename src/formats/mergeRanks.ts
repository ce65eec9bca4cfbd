import {
  NameTable,
  TraceOpenError,
  inOrder,
  type CollectiveColumns,
  type CounterTrack,
  type Frame,
  type GpuColumns,
  type HostColumns,
  type KernelShape,
  type Lane,
  type LaunchColumns,
  type Marker,
  type RangeColumns,
  type Rank,
  type RecordedTime,
  type RankClock,
  type Trace,
  type Warning,
} from '../trace/index.js';
import { companyWarnings } from './ranks/companyWarnings.js';
import { listed } from './ranks/fileNames.js';
import { joinTables, type JoinedTable, type Renumbering, type Sizes } from './ranks/eventTables.js';
import {
  TABLES,
  joinedPart,
  partOf,
  shifted,
  type EventTables,
  type JoinedPart,
} from './ranks/joinedPart.js';
import { joinedLabels, labelsToJoin, partLabels } from './ranks/joinedLabels.js';
import { joinedReport } from './ranks/joinedReport.js';
import { clockOfRank, rankClocks } from './ranks/rankClocks.js';
import { namedApart, numberedNodes } from './ranks/rankLabels.js';
import { recordings } from './ranks/recordings.js';

/**
 * Several ranks of one run as one trace on one clock: the earliest origin is 0, all starts are
 * shifted by whole ns, every table is in time order again and its links point at the merged rows.
 * Ranks come in order of their numbers. Two files that state the same rank are both kept, told apart
 * by their names; where they do not overlap, the run was recorded several times. How far apart the clocks
 * of their hosts are is told by the collectives they have in common (`rankClocks`), and set right where the
 * times cannot be true without.
 *
 * @throws TraceOpenError where the formats differ, or the clocks have no common zero
 * @throws RangeError for no traces
 */
export function mergeRanks(traces: readonly Trace[]): Trace {
  return joinRanks([...traces]).trace;
}

/** Several ranks as one trace, out of which each can be had again. */
export interface JoinedRanks {
  readonly trace: Trace;
  /** what each of the traces had that tells ranks, in the order they were given */
  readonly parts: readonly Pick<Trace, 'ranks' | 'files'>[];
  /** One of the traces as it was given, by its place among them. */
  part(index: number): Trace;
}

/**
 * As `mergeRanks`, but takes the traces over: the list is emptied, and their columns are let go as they
 * are joined, so that no event is in memory twice once this is done.
 *
 * @throws as `mergeRanks`, and leaves the list as it is
 */
export function joinRanks(traces: Trace[]): JoinedRanks {
  if (traces.length === 0) {
    throw new RangeError('no traces to merge');
  }
  if (traces.length === 1) {
    return alone(traces[0]);
  }
  refuseMixture(traces);
  const sorted = [...traces].sort(byRankAndTime);
  const order = traces.map((trace) => sorted.indexOf(trace));
  const warnings: Warning[] = [];
  const recording = recordings(sorted);
  const isRepeated = recording.some((number) => number > 0);
  const named = namedApart(
    numberedNodes(
      sorted.flatMap((part) => part.ranks),
      sorted[0].format,
    ),
    isRepeated,
    warnings,
  );
  const labels = labelsOf(sorted, named);

  const clocks = clocksByRecording(sorted, clockLabelsOf(sorted, named), recording);
  const origins = sorted.map((part, i) => part.clock.originNs + BigInt(clocks[i].shiftNs));
  const originNs = origins.reduce((least, origin) => (origin < least ? origin : least));
  const shifts = origins.map((origin) => Number(origin - originNs));
  warnAboutClocks(sorted, clocks, warnings);
  warnings.push(...companyWarnings(sorted, shifts, labels, isRepeated));
  const firstRank = running(sorted.map((part) => part.ranks.length));
  const rankIds = orderOfRanks(named);
  const rankId = (part: number, rank: number): number => rankIds[firstRank[part] + rank];
  const labelled = labelsToJoin(sorted, { shifts, rank: rankId });
  if (typeof labelled === 'string') {
    warnings.push({ code: 'labels-not-kept', message: labelled, rows: 0 });
  }

  const names = new NameTable();
  const nameIds = sorted.map((part) =>
    Uint32Array.from(part.names.all(), (name) => names.intern(name)),
  );
  const firstLane = running(sorted.map((part) => part.lanes.length));
  const firstStack = running(sorted.map((part) => part.stacks.stacks.length));
  const firstFrame = running(sorted.map((part) => part.stacks.frames.length));
  const firstCounter = running(sorted.map((part) => part.counters.length));
  const { kernelShapes, shapeIds } = mergeShapes(sorted);
  const parts = sorted.map((trace, i) =>
    joinedPart(trace, {
      shiftNs: shifts[i],
      nameIds: nameIds[i],
      shapeIds: shapeIds[i],
      firstLane: firstLane[i],
      firstStack: firstStack[i],
      firstFrame: firstFrame[i],
      firstCounter: firstCounter[i],
      labels: typeof labelled === 'object' ? partLabels(labelled, i) : undefined,
    }),
  );

  const around: Omit<Trace, keyof EventTables | 'collectives'> = {
    files: sorted.flatMap((part) => part.files),
    format: sorted[0].format,
    formatLabel: [...new Set(sorted.map((part) => part.formatLabel))].join(', '),
    clock: { originNs, epoch: sorted[0].clock.epoch, fileBaseNs: sorted[0].clock.fileBaseNs },
    spanNs: Math.max(...sorted.map((part, i) => shifts[i] + part.spanNs)),
    ...recordedByAny(sorted, shifts, isRepeated),
    names,
    ranks: sorted
      .flatMap((part, i) =>
        part.ranks.map((rank, r) => ({
          ...named[firstRank[i] + r],
          clock: clockOfRank(clocks[i], rank.clock),
          ...recordedOf(rank, part, shifts[i], isRepeated),
        })),
      )
      .map((_, i, ranks) => ranks[rankIds.indexOf(i)]),
    lanes: sorted.flatMap((part, i) =>
      part.lanes.map((lane): Lane => ({ ...lane, rank: rankId(i, lane.rank) })),
    ),
    kernelShapes,
    stacks: {
      frames: sorted.flatMap((part): readonly Frame[] => part.stacks.frames),
      stacks: sorted.flatMap((part, i) =>
        part.stacks.stacks.map((stack) => stack.map((frame) => frame + firstFrame[i])),
      ),
    },
    counters: sorted.flatMap((part, i) =>
      part.counters.map((track): CounterTrack => ({
        ...track,
        rank: rankId(i, track.rank),
        time: shifted(track.time, shifts[i]),
      })),
    ),
    markers: sorted
      .flatMap((part, i) =>
        part.markers.map((marker): Marker => ({ ...marker, time: marker.time + shifts[i] })),
      )
      .sort((a, b) => a.time - b.time),
    report: joinedReport(
      sorted.map((part) => part.report),
      labels,
      warnings,
    ),
  };
  const given = sorted.map((part) => part.collectives);
  const tables = {
    ranges: sorted.map((part) => part.ranges),
    launches: sorted.map((part) => part.launches),
    gpu: sorted.map((part) => part.gpu),
    host: sorted.map((part) => part.host),
  };
  // From here on the columns are in `tables` only, which gives them up one by one.
  sorted.splice(0);
  traces.splice(0);

  const sizes: Sizes = {
    names: names.size,
    lanes: around.lanes.length,
    stacks: around.stacks.stacks.length,
  };
  const ids = parts.map((part, i): Renumbering => {
    const name = (id: number): number => nameIds[i][id];
    const stack = (id: number): number => id + part.firstStack;
    return {
      name,
      lane: (lane) => lane + part.firstLane,
      kernel_shape: (id) => shapeIds[i][id],
      stack,
      call_stack: stack,
    };
  });
  const withRows = (kind: 'launch' | 'range', { position }: JoinedTable): Renumbering[] =>
    ids.map((part, i) => ({ ...part, [kind]: (row: number) => position[i][row] }));
  const ranges = joinTables(TABLES.ranges, tables.ranges, shifts, ids, sizes);
  const launches = joinTables(
    TABLES.launches,
    tables.launches,
    shifts,
    withRows('range', ranges),
    sizes,
  );
  const gpu = joinTables(TABLES.gpu, tables.gpu, shifts, withRows('launch', launches), sizes);
  const host = joinTables(TABLES.host, tables.host, shifts, ids, sizes);
  const collectives = mergeCollectives(given, gpu.position, nameIds);
  const measured = gpu.timed.count > 0 || launches.timed.count === 0 ? gpu : launches;
  const trace: Trace = {
    ...around,
    ...(typeof labelled === 'object' && {
      kept: joinedLabels(labelled, measured.position, ids, sizes),
    }),
    gpu: { ...gpu.timed, ...gpu.columns } as GpuColumns,
    launches: { ...launches.timed, ...launches.columns } as LaunchColumns,
    ranges: { ...ranges.timed, ...ranges.columns } as RangeColumns,
    host: { ...host.timed, ...host.columns } as HostColumns,
    ...(collectives === undefined ? {} : { collectives }),
  };
  return joined(
    trace,
    order.map((at) => parts[at]),
  );
}

// In functions of their own: what joins must not hold the traces it was given by the scope of its result.
function joined(trace: Trace, parts: readonly JoinedPart[]): JoinedRanks {
  return {
    trace,
    parts: parts.map(({ rest }) => rest),
    part: (index) => partOf(trace, parts[index]),
  };
}

function alone(trace: Trace): JoinedRanks {
  return { trace, parts: [trace], part: () => trace };
}

/** The clocks of the traces of each recording, by the collectives in it. */
function clocksByRecording(
  parts: readonly Trace[],
  labels: readonly string[],
  recording: readonly number[],
): RankClock[] {
  const clocks: RankClock[] = [];
  for (const number of new Set(recording)) {
    const own = [...parts.keys()].filter((i) => recording[i] === number);
    const found = rankClocks(
      own.map((i) => parts[i]),
      own.map((i) => labels[i]),
    );
    own.forEach((i, at) => (clocks[i] = found[at]));
  }
  return clocks;
}

/** When the recorder of any part ran, where one of them paused or the run was recorded several times. */
function recordedByAny(
  parts: readonly Trace[],
  shifts: readonly number[],
  isRepeated: boolean,
): Pick<Trace, 'recorded'> {
  if (!isRepeated && parts.every(({ recorded }) => recorded === undefined)) {
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

/** When a rank was recorded, where its run was several times: here, or in the import it comes from. */
function recordedOf(
  { recorded }: Rank,
  { spanNs }: Trace,
  shift: number,
  isRepeated: boolean,
): Pick<Rank, 'recorded'> {
  const { start, end } = recorded ?? { start: 0, end: spanNs };
  return recorded !== undefined || isRepeated
    ? { recorded: { start: start + shift, end: end + shift } }
    : {};
}

/** By rank, and files of one rank in order of time. */
function byRankAndTime(a: Trace, b: Trace): number {
  const [first, second] = [rankNumber(a), rankNumber(b)];
  return first === second && first !== Number.MAX_SAFE_INTEGER
    ? Number(a.clock.originNs - b.clock.originNs)
    : first - second;
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

/** What sentences about clocks call a part: of what was compared before, the rank the others were compared with. */
function clockLabelsOf(parts: readonly Trace[], ranks: readonly Rank[]): string[] {
  const first = running(parts.map((part) => part.ranks.length));
  return labelsOf(parts, ranks).map((label, i) => {
    const reference = parts[i].ranks.findIndex(({ clock }) => clock?.against === '');
    return reference < 0 ? label : ranks[first[i] + reference].label;
  });
}

/** Where each rank comes among all, by number; those without one come last. */
function orderOfRanks(ranks: readonly Rank[]): number[] {
  const number = ({ rank }: Rank): number => (rank < 0 ? Number.MAX_SAFE_INTEGER : rank);
  const order = [...ranks.keys()].sort((a, b) => number(ranks[a]) - number(ranks[b]) || a - b);
  return ranks.map((_, i) => order.indexOf(i));
}

function refuseMixture(traces: readonly Trace[]): void {
  if (new Set(traces.map((trace) => trace.format)).size > 1) {
    const formats = [...new Set(traces.map(({ formatLabel }) => formatLabel))].map((label) => {
      const own = traces.filter(({ formatLabel }) => formatLabel === label);
      return `${label}: ${listed(own.flatMap(({ files }) => files.map(({ name }) => name)))}`;
    });
    throw new TraceOpenError(
      'unsupported',
      `These files are not ranks of one run: they have different formats (${formats.join('; ')}). Open them one at a time.`,
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

/** Where the rows of each part begin when parts are laid end to end. */
function running(counts: readonly number[]): number[] {
  let sum = 0;
  return counts.map((count) => {
    const before = sum;
    sum += count;
    return before;
  });
}

/** What the files say of their collectives, under the rows of the merged events. */
function mergeCollectives(
  given: readonly (CollectiveColumns | undefined)[],
  position: readonly Int32Array[],
  nameIds: readonly Uint32Array[],
): CollectiveColumns | undefined {
  const first = running(given.map((of) => of?.count ?? 0));
  const count = given.reduce((sum, of) => sum + (of?.count ?? 0), 0);
  if (count === 0) {
    return undefined;
  }
  const row = new Uint32Array(count);
  const group = new Uint32Array(count);
  const sent = new Float64Array(count);
  const received = new Float64Array(count);
  given.forEach((of, part) => {
    for (let i = 0; i < (of?.count ?? 0) && of !== undefined; i++) {
      row[first[part] + i] = position[part][of.gpu[i]];
      group[first[part] + i] = nameIds[part][of.group[i]];
      sent[first[part] + i] = of.sent[i];
      received[first[part] + i] = of.received[i];
    }
  });
  const order = inOrder(count).sort((a, b) => row[a] - row[b]);
  return {
    count,
    gpu: row.sort(),
    group: order.map((i) => group[i]),
    sent: Float64Array.from(order, (i) => sent[i]),
    received: Float64Array.from(order, (i) => received[i]),
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
