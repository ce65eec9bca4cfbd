import type { SqlEngine } from '../../sqlite/engine.js';
import { quoteName } from '../../sqlite/sqlText.js';
import { DANGLING_STACK, throwIfCancelled, type TimedColumns } from '../../trace/index.js';
import { damageOf } from '../eventRows.js';
import { pause } from '../pause.js';
import type { ReadOptions } from '../reader.js';
import { TIMED_COLUMNS, type EventColumn, type Refers } from './schema.js';

/** Rows read without giving a cancellation a chance. */
const ROWS_A_SLICE = 100_000;

/** Where the rows of a table came to lie: their ids in the file and their places in memory. */
export interface Places {
  readonly count: number;
  /** the place of the row with this id, -1 for an id that no row has */
  of(id: number): number;
}

/** Rows with ids 0, 1, 2, ... lie where their ids say. */
export function placesOf(ids: readonly number[] | Float64Array, count: number): Places {
  let inOrder = true;
  for (let i = 0; i < count; i++) {
    if (ids[i] !== i) {
      inOrder = false;
      break;
    }
  }
  if (inOrder) {
    return { count, of: (id) => (id >= 0 && id < count && Number.isInteger(id) ? id : -1) };
  }
  const places = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    places.set(ids[i], i);
  }
  return { count, of: (id) => places.get(id) ?? -1 };
}

/** Places in another list of the values of a column: codes of words, ids of names. */
export type PlacesByTable = Readonly<Partial<Record<Refers, Places>>>;

type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Int16Array | Uint8Array;

/** How many numbers a column's array has room for; what does not fit is none. */
const ARRAYS = {
  number: Float64Array,
  bytes: Float64Array,
  flag: Uint8Array,
  index: Int16Array,
  layer_type: Uint8Array,
  method: Uint8Array,
  gpu_kind: Uint8Array,
  range_kind: Uint8Array,
  host_kind: Uint8Array,
  name: Uint32Array,
  lane: Uint32Array,
  gpu: Int32Array,
  launch: Int32Array,
  range: Int32Array,
  kernel_shape: Int32Array,
  stack: Int32Array,
  call_stack: Int32Array,
  rule: Uint16Array,
  step: Int32Array,
} as const satisfies Record<Refers, new (length: number) => Column>;

const MOST_INDEX = 2 ** 15 - 1;

export interface EventRows {
  readonly timed: TimedColumns;
  readonly places: Places;
  /** the columns asked for, by their key */
  readonly columns: Readonly<Record<string, Column>>;
  /** rows left out, and values that point at nothing */
  readonly lost: number;
  readonly badValues: number;
  /** SQLite's words; undefined where no damage was met */
  readonly damage: string | undefined;
}

export interface EventTableRequest {
  readonly table: string;
  readonly columns: readonly EventColumn<never>[];
  readonly names: Places;
  readonly lanes: Places;
  /** what columns refer to, as far as it is read already */
  readonly refers: PlacesByTable;
  /** ns; no event ends later */
  readonly spanNs: number;
}

/**
 * Reads the rows of an event table in the order of their ids, which is that of time. A row without a
 * name, lane, time or duration that can be, or out of order, is left out and counted; a value that
 * points at a row that is not there becomes none.
 *
 * A column that refers to the table itself keeps the ids of the file: see `resolved`.
 */
export async function readEventTable(
  engine: SqlEngine,
  request: EventTableRequest,
  options: ReadOptions,
): Promise<EventRows> {
  const { table, columns, names, lanes, refers, spanNs } = request;
  const own = new Set(engine.columnsOf(table));
  const wanted = ['id', ...TIMED_COLUMNS, ...columns.map(({ column }) => column)];
  const select = wanted.map((name) => (own.has(name) ? quoteName(name) : 'NULL')).join(', ');
  const counted = countOf(engine, table);
  const capacity = counted ?? 0;

  let ids = new Float64Array(capacity);
  let start = new Float64Array(capacity);
  let duration = new Float64Array(capacity);
  let name = new Uint32Array(capacity);
  let lane = new Uint32Array(capacity);
  let values: Column[] = columns.map(({ holds }) => new ARRAYS[holds](capacity));
  const decode = columns.map(({ holds }) => decoderOf(holds, refers[holds]));
  let count = 0;
  let seen = 0;
  let badValues = 0;
  let last = -1;

  const grow = (): void => {
    const doubled = <T extends Column>(column: T): T => {
      const grown = new (column.constructor as new (length: number) => T)(
        Math.max(1024, column.length * 2),
      );
      grown.set(column);
      return grown;
    };
    [ids, start, duration] = [doubled(ids), doubled(start), doubled(duration)];
    [name, lane] = [doubled(name), doubled(lane)];
    values = values.map(doubled);
  };
  const take = (row: ArrayLike<number>): void => {
    seen++;
    const at = row[1];
    const lasts = row[2];
    const nameAt = names.of(row[3]);
    const laneAt = lanes.of(row[4]);
    const isSound =
      at >= (count === 0 ? 0 : start[count - 1]) &&
      lasts >= 0 &&
      at + lasts <= spanNs &&
      nameAt >= 0 &&
      laneAt >= 0;
    if (!isSound) {
      return;
    }
    if (count === ids.length) {
      grow();
    }
    ids[count] = row[0];
    start[count] = at;
    duration[count] = lasts;
    name[count] = nameAt;
    lane[count] = laneAt;
    for (let c = 0; c < decode.length; c++) {
      const value = row[c + 5];
      if (Number.isNaN(value)) {
        values[c][count] = columns[c].none; // NaN becomes 0 in an array of whole numbers
        continue;
      }
      const decoded = decode[c](value);
      if (decoded === undefined) {
        badValues++;
        values[c][count] = columns[c].none;
      } else {
        values[c][count] = decoded;
      }
    }
    count++;
  };

  const rows = (rest: string, onRow: (row: ArrayLike<number>) => void): void =>
    engine.eachNumeric(`SELECT ${select} FROM main.${quoteName(table)} NOT INDEXED ${rest}`, onRow);
  let damage: string | undefined;
  try {
    for (let full = true; full;) {
      const before = seen;
      rows(`WHERE id > ${last} ORDER BY id LIMIT ${ROWS_A_SLICE}`, (row) => {
        last = row[0];
        take(row);
      });
      full = seen - before === ROWS_A_SLICE;
      if (full) {
        const fraction = counted === undefined ? {} : { fraction: Math.min(1, seen / counted) };
        options.progress?.({ stage: 'Reading events', ...fraction });
        await pause();
        throwIfCancelled(options.signal);
      }
    }
  } catch (error) {
    damage = damageOf(error);
    // What lies behind the damage is met coming from the end.
    const behind: Float64Array[] = [];
    try {
      rows(`WHERE id > ${last} ORDER BY id DESC`, (row) => behind.push(Float64Array.from(row)));
    } catch (again) {
      damageOf(again);
    }
    behind.reverse().forEach(take);
  }
  throwIfCancelled(options.signal);
  const cut = <T extends Column>(column: T): T => column.slice(0, count) as T;
  return {
    timed: {
      count,
      start: cut(start),
      duration: cut(duration),
      name: cut(name),
      lane: cut(lane),
    },
    places: placesOf(ids, count),
    columns: Object.fromEntries(columns.map(({ key }, c) => [key as string, cut(values[c])])),
    lost: Math.max(counted ?? 0, seen) - count,
    badValues,
    damage,
  };
}

/** A value's number in memory; undefined where it cannot be. */
function decoderOf(
  holds: Refers,
  places: Places | undefined,
): (value: number) => number | undefined {
  switch (holds) {
    case 'number':
      return (value) => (Number.isFinite(value) ? value : undefined);
    case 'bytes':
      return (value) => (value >= 0 && value < Infinity ? value : undefined);
    case 'flag':
      return (value) => (value === 0 || value === 1 ? value : undefined);
    case 'index':
      return (value) =>
        Number.isInteger(value) && value >= 0 && value <= MOST_INDEX ? value : undefined;
    default:
      if (places === undefined) {
        // The table itself: kept as it is until all its rows are known.
        return (value) =>
          Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : undefined;
      }
      return (value) => {
        if (holds === 'call_stack' && value === DANGLING_STACK) {
          return value;
        }
        const place = places.of(value);
        return place < 0 || (holds === 'rule' && place > 0xffff) ? undefined : place;
      };
  }
}

/** A column of ids of its own table as places; ids without a row become -1 and are counted. */
export function resolved(
  ids: Int32Array,
  places: Places,
): { readonly column: Int32Array; readonly badValues: number } {
  let badValues = 0;
  const column = ids.map((id) => {
    if (id < 0) {
      return -1;
    }
    const place = places.of(id);
    badValues += place < 0 ? 1 : 0;
    return place;
  });
  return { column, badValues };
}

/** undefined where damage keeps SQLite from counting. */
function countOf(engine: SqlEngine, table: string): number | undefined {
  try {
    return Number(engine.query(`SELECT count(*) FROM main.${quoteName(table)}`).rows[0][0]);
  } catch (error) {
    damageOf(error);
    return undefined;
  }
}
