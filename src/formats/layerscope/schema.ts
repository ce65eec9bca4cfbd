import {
  NO_STACK,
  GPU_KINDS,
  HOST_KINDS,
  LAYER_TYPES,
  METHODS,
  METHOD_LABELS,
  PHASES,
  RANGE_KINDS,
  type CountedEvents,
  type GpuColumns,
  type HostColumns,
  type Lane,
  type LaunchColumns,
  type LayerLabels,
  type Marker,
  type RangeColumns,
  type Rank,
  type Step,
  type Warning,
} from '../../trace/index.js';
import type { TrackIdentity } from '../counterTracks.js';
import {
  COUNT,
  COUNT_OR_NULL,
  field,
  NUMBER,
  NUMBER_OR_NULL,
  oneOf,
  TEXT,
  TEXTS,
  WHOLE_OR_NONE,
  WHOLES,
  type RecordTable,
} from './codecs.js';

/** "LySc": what `PRAGMA application_id` says of a trace that was imported. */
export const APPLICATION_ID = 0x4c795363;
/** `PRAGMA user_version`. It grows where an older reader would read a file wrongly. */
export const FORMAT_VERSION = 1;
/**
 * `format_revision` in `meta`. It grows where tables are added that an older reader does without; a file
 * without it is of revision 1. 2: `communication`.
 */
export const FORMAT_REVISION = 2;

/** Keys of the table `meta`. */
export type MetaKey =
  | 'format_version'
  | 'format_revision'
  | 'written_by'
  | 'format'
  | 'format_label'
  | 'origin_ns'
  | 'epoch'
  | 'file_base_ns'
  | 'span_ns'
  | 'recorded'
  | 'ranks_recorded'
  | 'time_kind'
  | 'rows_in_file'
  | 'rows_read'
  | 'rows_counted'
  | 'samples_in_file'
  | 'samples_read'
  | 'trace_names'
  | 'attribution';

/** A rank; where it was read alone, its clock has no note. */
export interface RankRow extends Omit<Rank, 'clock' | 'recorded'> {
  readonly clockAgainst: string;
  readonly clockSkewNs: number | null;
  readonly clockSpreadNs: number | null;
  readonly clockMatches: number | null;
  readonly clockShiftNs: number;
  readonly clockNote: string;
}
export const RANK: RecordTable<RankRow> = {
  table: 'rank',
  fields: {
    rank: field('rank', WHOLE_OR_NONE),
    worldSize: field('world_size', WHOLE_OR_NONE),
    label: field('label', TEXT),
    path: field('file', TEXT),
    device: field('device', TEXT),
    clockAgainst: field('clock_against', TEXT),
    clockSkewNs: field('clock_skew_ns', NUMBER_OR_NULL),
    clockSpreadNs: field('clock_spread_ns', NUMBER_OR_NULL),
    clockMatches: field('clock_matches', COUNT_OR_NULL),
    clockShiftNs: field('clock_shift_ns', NUMBER),
    clockNote: field('clock_note', TEXT),
  },
};

export const LANE: RecordTable<Lane> = {
  table: 'lane',
  fields: {
    kind: field('kind', oneOf(['thread', 'stream'])),
    rank: field('rank', COUNT),
    device: field('device', WHOLE_OR_NONE),
    id: field('number', TEXT),
    process: field('process', TEXT),
    label: field('label', TEXT),
  },
};

/** Files the trace was imported from, without the folders they lay in. */
export const FILE: RecordTable<{ readonly name: string; readonly bytes: number }> = {
  table: 'file',
  fields: { name: field('name', TEXT), bytes: field('bytes', COUNT) },
};

export const STEP: RecordTable<Step> = {
  table: 'step',
  fields: {
    label: field('label', TEXT),
    phase: field('phase', oneOf(PHASES)),
    rank: field('rank', COUNT),
    number: field('number', NUMBER),
    start: field('start', NUMBER),
    duration: field('duration', NUMBER),
  },
};

export const RULE: RecordTable<{ readonly text: string }> = {
  table: 'rule',
  fields: { text: field('text', TEXT) },
};

export interface ShapeRow {
  readonly grid_x: number;
  readonly grid_y: number;
  readonly grid_z: number;
  readonly block_x: number;
  readonly block_y: number;
  readonly block_z: number;
}
export const SHAPE: RecordTable<ShapeRow> = {
  table: 'kernel_shape',
  fields: {
    grid_x: field('grid_x', COUNT),
    grid_y: field('grid_y', COUNT),
    grid_z: field('grid_z', COUNT),
    block_x: field('block_x', COUNT),
    block_y: field('block_y', COUNT),
    block_z: field('block_z', COUNT),
  },
};

/** A `Frame` whose texts are ids of `name`. */
export interface FrameRow {
  readonly file: number;
  readonly line: number;
  readonly function: number;
  readonly library: number;
}
export const FRAME_TABLE: RecordTable<FrameRow> = {
  table: 'frame',
  fields: {
    file: field('file', COUNT),
    line: field('line', COUNT),
    function: field('function', COUNT),
    library: field('library', COUNT),
  },
};

/** Frame ids, innermost first, as a JSON array. */
export const STACK: RecordTable<{ readonly frames: readonly number[] }> = {
  table: 'stack',
  fields: { frames: field('frames', WHOLES) },
};

export const COUNTER: RecordTable<TrackIdentity> = {
  table: 'counter',
  fields: {
    name: field('name', TEXT),
    unit: field('unit', TEXT),
    rank: field('rank', COUNT),
    device: field('device', WHOLE_OR_NONE),
    source: field('source', TEXT),
  },
};
/** Samples in the order of `counter`, each in time order. */
export const SAMPLE_TABLE = 'counter_sample';
export const SAMPLE_COLUMNS = ['counter', 'time', 'value'] as const;

/** What the recording says of GPU events that are collectives: `CollectiveColumns`, in their order. */
export const COMMUNICATION_TABLE = 'communication';
/** `gpu` and `process_group` are ids of `gpu` and `name`; `sent` and `received` are elements. */
export const COMMUNICATION_COLUMNS = ['gpu', 'process_group', 'sent', 'received'] as const;

export const MARKER: RecordTable<Marker> = {
  table: 'marker',
  fields: {
    time: field('time', NUMBER),
    severity: field('severity', TEXT),
    title: field('title', TEXT),
    text: field('text', TEXT),
    advice: field('advice', TEXTS),
  },
};

export const SKIPPED: RecordTable<{ readonly reason: string; readonly rows: number }> = {
  table: 'skipped',
  fields: { reason: field('reason', TEXT), rows: field('rows', COUNT) },
};

export const WARNING: RecordTable<Warning> = {
  table: 'warning',
  fields: {
    code: field('code', TEXT),
    message: field('message', TEXT),
    rows: field('rows', COUNT),
  },
};

export const MISSING: RecordTable<{ readonly what: string }> = {
  table: 'missing',
  fields: { what: field('what', TEXT) },
};

export const FACT: RecordTable<{ readonly name: string; readonly value: string }> = {
  table: 'fact',
  fields: { name: field('name', TEXT), value: field('value', TEXT) },
};

export const COUNTED: RecordTable<CountedEvents> = {
  table: 'counted',
  fields: {
    source: field('source', TEXT),
    name: field('name', TEXT),
    table: field('trace_table', oneOf(['gpu', 'launches', 'host'])),
    rows: field('rows', COUNT),
    counted: field('counted', COUNT_OR_NULL),
  },
};

/** Words that event tables hold the id of; an id is a word's place in this version's list. */
export const CODE_TABLES = {
  layer_type: LAYER_TYPES.map(({ key, label }) => ({ key, label })),
  method: METHODS.map((key) => ({ key, label: METHOD_LABELS[key] })),
  gpu_kind: GPU_KINDS.map((key) => ({ key, label: key })),
  range_kind: RANGE_KINDS.map((key) => ({ key, label: key })),
  host_kind: HOST_KINDS.map((key) => ({ key, label: key })),
} as const satisfies Record<string, readonly { readonly key: string; readonly label: string }[]>;
export type CodeTable = keyof typeof CODE_TABLES;

/**
 * What the value of an event's column is: a number, or the id of a row elsewhere. A `call_stack` of -2 is
 * one that the original points at and does not hold.
 */
export type Refers =
  | 'number'
  | 'bytes'
  | 'flag'
  | 'index'
  | CodeTable
  | 'name'
  | 'lane'
  | 'gpu'
  | 'launch'
  | 'range'
  | 'kernel_shape'
  | 'stack'
  | 'call_stack'
  | 'rule'
  | 'step';

/** A column of an event table. The value `none` lies in the file as NULL. */
export interface EventColumn<T> {
  readonly column: string;
  readonly key: keyof T & string;
  readonly holds: Refers;
  readonly none: number;
}

/** Columns that every event table begins with, behind `id`: times in ns from the trace's start. */
export const TIMED_COLUMNS = ['start', 'duration', 'name', 'lane'] as const;

export const GPU_EVENTS: readonly EventColumn<GpuColumns>[] = [
  { column: 'kind', key: 'kind', holds: 'gpu_kind', none: NaN },
  { column: 'launch', key: 'launch', holds: 'launch', none: -1 },
  { column: 'correlation', key: 'correlation', holds: 'number', none: NaN },
  { column: 'bytes', key: 'bytes', holds: 'bytes', none: NaN },
  { column: 'shape', key: 'shape', holds: 'kernel_shape', none: -1 },
  { column: 'collective', key: 'collective', holds: 'name', none: 0 },
  { column: 'replayed', key: 'replayed', holds: 'flag', none: NaN },
  { column: 'captured', key: 'captured', holds: 'launch', none: -1 },
  { column: 'stack', key: 'stack', holds: 'stack', none: -1 },
];

export const LAUNCH_EVENTS: readonly EventColumn<LaunchColumns>[] = [
  { column: 'correlation', key: 'correlation', holds: 'number', none: NaN },
  { column: 'stack', key: 'stack', holds: 'call_stack', none: -1 },
  { column: 'range', key: 'range', holds: 'range', none: -1 },
];

export const RANGE_EVENTS: readonly EventColumn<RangeColumns>[] = [
  { column: 'kind', key: 'kind', holds: 'range_kind', none: NaN },
  { column: 'parent', key: 'parent', holds: 'range', none: -1 },
  { column: 'forward', key: 'forward', holds: 'range', none: -1 },
  { column: 'hierarchy', key: 'hierarchy', holds: 'name', none: 0 },
];

export const HOST_EVENTS: readonly EventColumn<HostColumns>[] = [
  { column: 'kind', key: 'kind', holds: 'host_kind', none: NaN },
  { column: 'stack', key: 'stack', holds: 'call_stack', none: NO_STACK },
];

/** Labels of the calls that are measured: those of `gpu`; of `launch` where the trace has no GPU events. */
export const LABELS: readonly EventColumn<LayerLabels>[] = [
  { column: 'layer_type', key: 'type', holds: 'layer_type', none: NaN },
  { column: 'layer_index', key: 'index', holds: 'index', none: -1 },
  { column: 'module', key: 'module', holds: 'name', none: 0 },
  { column: 'method', key: 'method', holds: 'method', none: NaN },
  { column: 'rule', key: 'rule', holds: 'rule', none: 0 },
  { column: 'step', key: 'step', holds: 'step', none: -1 },
];
