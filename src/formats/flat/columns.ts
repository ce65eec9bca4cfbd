import type { SqliteTable } from '../sqliteSchema.js';

/** The columns of an `events` table that are used, as the table spells them. */
export interface FlatColumns {
  readonly timestamp: string;
  readonly duration: string;
  readonly durationUnit: 'us' | 'ns';
  readonly name: string;
  readonly source: string | undefined;
  readonly pid: string | undefined;
  readonly tid: string | undefined;
  readonly device: string | undefined;
  readonly stream: string | undefined;
  readonly rank: string | undefined;
  readonly worldSize: string | undefined;
  readonly bytes: string | undefined;
  readonly stack: string | undefined;
  /** columns of the table that this version makes nothing of */
  readonly unused: readonly string[];
}

export const FLAT_TABLE = 'events';
/** Primary keys carry no fact about the run. */
const KEYS = new Set(['id', 'rowid', '_rowid_']);

/**
 * The columns of a flat events table; undefined where it lacks a time, a name or a duration. Names
 * are matched without regard to case, as SQL does.
 */
export function flatColumns(columns: readonly string[]): FlatColumns | undefined {
  const spelled = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const used = new Set<string>();
  const find = (...names: string[]): string | undefined => {
    const name = names.find((candidate) => spelled.has(candidate));
    const column = name === undefined ? undefined : spelled.get(name);
    if (column !== undefined) {
      used.add(column);
    }
    return column;
  };
  const timestamp = find('timestamp', 'timestamp_ns');
  const name = find('name');
  const inMicroseconds = find('duration_us');
  const duration = inMicroseconds ?? find('duration_ns', 'duration');
  if (timestamp === undefined || name === undefined || duration === undefined) {
    return undefined;
  }
  const found = {
    timestamp,
    duration,
    durationUnit: inMicroseconds === undefined ? ('ns' as const) : ('us' as const),
    name,
    source: find('source'),
    pid: find('pid', 'process_id'),
    tid: find('tid', 'thread_id'),
    device: find('gpu_id', 'device_id', 'device'),
    stream: find('stream', 'stream_id'),
    rank: find('rank'),
    worldSize: find('world_size'),
    bytes: find('bytes'),
    stack: find('stack'),
  };
  return {
    ...found,
    unused: columns.filter((column) => !used.has(column) && !KEYS.has(column.toLowerCase())),
  };
}

/** True where a schema holds a flat events table. A view stores nothing: what it shows is computed. */
export function hasFlatEvents(tables: ReadonlyMap<string, SqliteTable>): boolean {
  const events = tables.get(FLAT_TABLE);
  return events?.type === 'table' && flatColumns(events.columns) !== undefined;
}
