import {
  NameTable,
  inOrder,
  timeKindOf,
  type CollectiveColumns,
  type CounterTrack,
  type GpuColumns,
  type HostColumns,
  type LaunchColumns,
  type RangeColumns,
  type TimedColumns,
  type Trace,
} from '../../trace/index.js';
import {
  GPU_EVENTS,
  HOST_EVENTS,
  LAUNCH_EVENTS,
  RANGE_EVENTS,
  type EventColumn,
} from '../layerscope/schema.js';
import {
  rowsOfTable,
  survivesShift,
  typesOf,
  type ColumnTypes,
  type EventTable,
  type Renumbering,
} from './eventTables.js';
import { labelsOfPart, type PartLabels } from './joinedLabels.js';

const NO_TIMES = new Float64Array(0);

export type EventTables = Pick<Trace, 'gpu' | 'launches' | 'ranges' | 'host'>;

function table<T>(own: readonly EventColumn<T>[], self?: EventTable['self']): EventTable {
  return {
    own: own as unknown as readonly EventColumn<never>[],
    ...(self === undefined ? {} : { self }),
  };
}

export const TABLES: Readonly<Record<keyof EventTables, EventTable>> = {
  ranges: table(RANGE_EVENTS, 'range'),
  launches: table(LAUNCH_EVENTS),
  gpu: table(GPU_EVENTS),
  host: table(HOST_EVENTS),
};

/** Where a part came to lie in the joined trace. */
export interface PartPlace {
  /** added to its times */
  readonly shiftNs: number;
  /** ids in the joined trace */
  readonly nameIds: Uint32Array;
  readonly shapeIds: Int32Array;
  /** where its lanes, stacks, frames and counters begin in the joined trace */
  readonly firstLane: number;
  readonly firstStack: number;
  readonly firstFrame: number;
  readonly firstCounter: number;
  /** of its labels, where those of all parts were joined */
  readonly labels: PartLabels | undefined;
}

/** What a trace was that became part of a joined one, without what the joined one has of it. */
export interface JoinedPart extends PartPlace {
  readonly rest: Omit<Trace, keyof EventTables | 'names' | 'stacks' | 'collectives'>;
  /** all of it, where the joined tables do not give its rows back as they were */
  readonly whole: Trace | undefined;
  readonly types: Readonly<Record<keyof EventTables, ColumnTypes>>;
  readonly stacks: number;
  readonly frames: number;
  readonly hasCollectives: boolean;
}

export function joinedPart(trace: Trace, place: PartPlace): JoinedPart {
  const { gpu, launches, ranges, host, names: _, stacks, collectives, ...rest } = trace;
  void _;
  const counters = rest.counters.map((track) => ({ ...track, time: NO_TIMES }));
  return {
    ...place,
    rest: { ...withoutLabels(rest, place), counters },
    whole: survives(trace, place.shiftNs) ? undefined : trace,
    types: {
      gpu: typesOf(gpu),
      launches: typesOf(launches),
      ranges: typesOf(ranges),
      host: typesOf(host),
    },
    stacks: stacks.stacks.length,
    frames: stacks.frames.length,
    hasCollectives: collectives !== undefined,
  };
}

function withoutLabels<T extends Pick<Trace, 'kept'>>(rest: T, { labels }: PartPlace): T {
  const { kept, ...others } = rest;
  return labels === undefined || kept === undefined ? rest : (others as T);
}

/** Whether a part can be had again out of the joined tables. @param shift ns added to its times */
function survives({ gpu, launches, ranges, host, counters }: Trace, shift: number): boolean {
  return (
    [gpu, launches, ranges, host].every((columns) => survivesShift(columns, shift)) &&
    counters.every(({ time }) => time.every((at) => at + shift - shift === at))
  );
}

/** The part as it was before it was joined. */
export function partOf(joined: Trace, part: JoinedPart): Trace {
  if (part.whole !== undefined) {
    return part.whole;
  }
  const { rest, types, shiftNs, nameIds, shapeIds, firstLane, firstStack, firstFrame } = part;
  const names = new NameTable();
  nameIds.forEach((id) => names.intern(joined.names.get(id)));
  const name = inverse(nameIds, joined.names.size);
  const shape = inverse(shapeIds, joined.kernelShapes.length);
  const ids: Renumbering = {
    name: (id) => name[id],
    lane: (id) => id - firstLane,
    kernel_shape: (id) => shape[id],
    stack: (id) => id - firstStack,
    call_stack: (id) => id - firstStack,
  };
  const own = (columns: TimedColumns): Uint32Array =>
    rowsOfLanes(columns, firstLane, firstLane + rest.lanes.length);
  const rows = { ranges: own(joined.ranges), launches: own(joined.launches), gpu: own(joined.gpu) };
  const taken = (kind: keyof EventTables, of: Uint32Array, links: Renumbering = {}): TimedColumns =>
    rowsOfTable(TABLES[kind], joined[kind], of, types[kind], shiftNs, { ...ids, ...links });
  const range = inverse(rows.ranges, joined.ranges.count);
  const launch = inverse(rows.launches, joined.launches.count);
  const ranged: Renumbering = { range: (row) => range[row] };
  return {
    ...rest,
    names,
    kernelShapes: Array.from(shapeIds, (id) => joined.kernelShapes[id]),
    stacks: {
      frames: joined.stacks.frames.slice(firstFrame, firstFrame + part.frames),
      stacks: joined.stacks.stacks
        .slice(firstStack, firstStack + part.stacks)
        .map((stack) => stack.map((frame) => frame - firstFrame)),
    },
    counters: rest.counters.map((track, i): CounterTrack => ({
      ...track,
      time: shifted(joined.counters[part.firstCounter + i].time, -shiftNs),
    })),
    ranges: taken('ranges', rows.ranges, ranged) as RangeColumns,
    launches: taken('launches', rows.launches, ranged) as LaunchColumns,
    gpu: taken('gpu', rows.gpu, { launch: (row) => launch[row] }) as GpuColumns,
    host: taken('host', own(joined.host)) as HostColumns,
    ...(part.labels !== undefined &&
      joined.kept !== undefined && {
        kept: labelsOfPart(
          joined.kept,
          part.labels,
          timeKindOf(joined) === 'gpu' ? rows.gpu : rows.launches,
          ids,
          inverse,
        ),
      }),
    ...(part.hasCollectives && {
      collectives: ownCollectives(joined.collectives, rows.gpu, joined.gpu.count, name),
    }),
  };
}

/** The entries of the given rows. @param name what name ids become */
function ownCollectives(
  joined: CollectiveColumns | undefined,
  rows: Uint32Array,
  gpuCount: number,
  name: Int32Array,
): CollectiveColumns {
  const local = inverse(rows, gpuCount);
  const entries = inOrder(joined?.count ?? 0).filter((i) => local[joined?.gpu[i] ?? 0] >= 0);
  return {
    count: entries.length,
    gpu: entries.map((i) => local[joined?.gpu[i] ?? 0]),
    group: entries.map((i) => name[joined?.group[i] ?? 0]),
    sent: Float64Array.from(entries, (i) => joined?.sent[i] ?? NaN),
    received: Float64Array.from(entries, (i) => joined?.received[i] ?? NaN),
  };
}

/** Rows on some of the lanes, ascending. */
function rowsOfLanes({ lane, count }: TimedColumns, from: number, to: number): Uint32Array {
  const rows = new Uint32Array(count);
  let found = 0;
  for (let i = 0; i < count; i++) {
    if (lane[i] >= from && lane[i] < to) {
      rows[found++] = i;
    }
  }
  return rows.slice(0, found);
}

/** The place of each id in a list of them; -1 where it is not in it. @param count of ids there are */
function inverse(ids: ArrayLike<number>, count: number): Int32Array {
  const places = new Int32Array(count).fill(-1);
  for (let place = 0; place < ids.length; place++) {
    places[ids[place]] = place;
  }
  return places;
}

/** The same array where nothing is to be shifted. */
export function shifted(times: Float64Array, by: number): Float64Array {
  return by === 0 ? times : times.map((time) => time + by);
}
