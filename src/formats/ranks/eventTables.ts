import { sharedColumn, type TimedColumns } from '../../trace/index.js';
import { timeOrderOfTables } from '../../trace/timeOrder.js';
import type { EventColumn, Refers } from '../layerscope/schema.js';

export type Column =
  Float64Array | Uint32Array | Int32Array | Uint16Array | Int16Array | Uint8Array | Int8Array;
type ColumnType = new (length: number) => Column;

/** Columns of a table by their keys; one that a table does without is not in it. */
type Columns = Partial<Record<string, Column>>;

/** What an id of each kind becomes; kinds left out stay as they are, as does what is below 0. */
export type Renumbering = Readonly<Partial<Record<Refers, (id: number) => number>>>;

/** One kind of event, of several parts of a trace. */
export interface EventTable {
  /** columns besides those that every table has */
  readonly own: readonly EventColumn<never>[];
  /** ids of this kind are rows of the table itself */
  readonly self?: Refers;
}

/** How many ids a merged trace has, for the width of its columns. */
export interface Sizes {
  readonly names: number;
  readonly lanes: number;
  readonly stacks: number;
}

/** Joined row of each row of each part. */
export type Positions = readonly Int32Array[];

/** One table of several parts, in time order. */
export interface JoinedTable {
  readonly timed: TimedColumns;
  readonly position: Positions;
  readonly columns: Readonly<Columns>;
}

/**
 * Lays one table of several parts together, in time order.
 *
 * @param tables of each part; the list is emptied, and each column let go once it is joined
 * @param shifts ns added to the times of each part
 * @param renumber what the ids of each part become
 */
export function joinTables(
  { own, self }: EventTable,
  tables: TimedColumns[],
  shifts: readonly number[],
  renumber: readonly Renumbering[],
  sizes: Sizes,
): JoinedTable {
  const parts = tables.splice(0).map((table) => ({ ...table }) as unknown as Columns);
  const counts = parts.map(({ start }) => start?.length ?? 0);
  const { row, ...times } = joinTimes(parts, counts, shifts);
  let first = 0;
  const position = counts.map((rows) => row.subarray(first, (first += rows)));
  const maps = renumber.map((map, part) =>
    self === undefined ? map : { ...map, [self]: (id: number) => position[part][id] },
  );
  const index = (most: number) => () => (most <= 0x10000 ? Uint16Array : Uint32Array);
  const timed = {
    ...times,
    count: row.length,
    name: joinColumn(NAME, parts, position, maps, index(sizes.names)) as Uint32Array,
    lane: joinColumn(LANE, parts, position, maps, index(sizes.lanes)) as Uint32Array,
  };
  return { timed, position, columns: joinColumns(own, parts, position, maps, sizes) };
}

/** Columns that any of the parts has, each let go once it is joined. */
export function joinColumns(
  own: readonly EventColumn<never>[],
  parts: Columns[],
  position: Positions,
  renumber: readonly Renumbering[],
  sizes: Sizes,
): Columns {
  const columns: Columns = {};
  for (const column of own) {
    if (parts.some((part) => part[column.key] !== undefined)) {
      columns[column.key] = joinColumn(column, parts, position, renumber, (values) =>
        widest(column.holds, values, sizes),
      );
    }
  }
  return columns;
}

interface Held {
  readonly key: string;
  readonly holds: Refers;
  readonly none: number;
}
const NAME: Held = { key: 'name', holds: 'name', none: 0 };
const LANE: Held = { key: 'lane', holds: 'lane', none: 0 };

function joinColumn(
  { key, holds, none }: Held,
  parts: Columns[],
  position: Positions,
  renumber: readonly Renumbering[],
  type: (columns: readonly Column[]) => ColumnType,
): Column {
  const count = position.reduce((sum, rows) => sum + rows.length, 0);
  const columns = parts.map((part) => part[key]);
  const out = newColumn(type(columns.filter((values) => values !== undefined)), count);
  columns.forEach((values, part) => {
    delete parts[part][key];
    const to = position[part];
    const map = renumber[part][holds];
    for (let i = 0; i < to.length; i++) {
      const value = values === undefined ? none : values[i];
      out[to[i]] = map === undefined || value < 0 ? value : map(value);
    }
  });
  return out;
}

/** Times of all parts in order, and the row each came to lie in. */
function joinTimes(
  parts: readonly Columns[],
  counts: readonly number[],
  shifts: readonly number[],
): {
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly row: Int32Array;
} {
  const count = counts.reduce((sum, rows) => sum + rows, 0);
  const start = new Float64Array(count);
  const duration = new Float64Array(count);
  let first = 0;
  parts.forEach((part, p) => {
    const [starts, durations] = [part.start ?? [], part.duration ?? []];
    for (let i = 0; i < counts[p]; i++) {
      start[first + i] = starts[i] + shifts[p];
      duration[first + i] = durations[i];
    }
    first += counts[p];
    delete part.start;
    delete part.duration;
  });
  const order = timeOrderOfTables(start, duration);
  const row = new Int32Array(count);
  const joined = {
    start: sharedColumn(Float64Array, count),
    duration: sharedColumn(Float64Array, count),
  };
  for (let i = 0; i < count; i++) {
    row[order[i]] = i;
    joined.start[i] = start[order[i]];
    joined.duration[i] = duration[order[i]];
  }
  return { ...joined, row };
}

/** The type of the parts' columns; of links, the narrowest that holds them. */
function widest(holds: Refers, columns: readonly Column[], { stacks }: Sizes): ColumnType {
  const types = columns.map((values) => values.constructor as ColumnType);
  if (types.every((type) => type === Int16Array) && holds === 'call_stack') {
    return stacks <= 0x8000 ? Int16Array : Int32Array;
  }
  // Columns of bytes where nothing links anywhere.
  if (types.includes(Int8Array) && (holds === 'range' || holds === 'step')) {
    return columns.every((values) => values.every((id) => id < 0)) ? Int8Array : Int32Array;
  }
  return types.find((type) => type === Int32Array) ?? types[0];
}

function newColumn(type: ColumnType, count: number): Column {
  return sharedColumn(type as Parameters<typeof sharedColumn>[0], count);
}

/**
 * Whether the rows of a table can be told from the joined ones again: their times survive the shift, and
 * it leaves them in their order.
 *
 * @param shift ns
 */
export function survivesShift({ start, duration, count }: TimedColumns, shift: number): boolean {
  for (let i = 0; i < count; i++) {
    const at = start[i] + shift;
    if (at - shift !== start[i]) {
      return false;
    }
    const before = i === 0 ? -Infinity : start[i - 1] + shift;
    if (at < before || (at === before && duration[i] > duration[i - 1])) {
      return false;
    }
  }
  return true;
}

/** The types of a table's columns, by key. */
export type ColumnTypes = Readonly<Partial<Record<string, ColumnType>>>;

export function typesOf(table: object): ColumnTypes {
  return Object.fromEntries(
    Object.entries(table as Record<string, unknown>).flatMap(([key, values]) =>
      ArrayBuffer.isView(values) ? [[key, values.constructor as ColumnType]] : [],
    ),
  );
}

/**
 * Takes rows out of a joined table.
 *
 * @param rows of the joined table, ascending
 * @param types what is taken, and as what
 * @param shift ns that were added to their times
 */
export function rowsOfTable(
  { own }: EventTable,
  table: TimedColumns,
  rows: Uint32Array,
  types: ColumnTypes,
  shift: number,
  renumber: Renumbering,
): TimedColumns {
  const columns = rowsOfColumns(
    [NAME, LANE, DURATION, START, ...own],
    table,
    rows,
    types,
    renumber,
  );
  const { start } = columns;
  for (let i = 0; i < rows.length; i++) {
    (start as Float64Array)[i] -= shift;
  }
  return { count: rows.length, ...columns } as unknown as TimedColumns;
}

const START: Held = { key: 'start', holds: 'number', none: NaN };
const DURATION: Held = { key: 'duration', holds: 'number', none: NaN };

/** As `rowsOfTable`, of columns that have no times. */
export function rowsOfColumns(
  own: readonly Held[],
  table: object,
  rows: Uint32Array,
  types: ColumnTypes,
  renumber: Renumbering,
): Columns {
  const taken: Columns = {};
  for (const { key, holds } of own) {
    const type = types[key];
    const values = (table as Columns)[key];
    if (type !== undefined && values !== undefined) {
      const out = newColumn(type, rows.length);
      const map = renumber[holds];
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i]];
        out[i] = map === undefined || value < 0 ? value : map(value);
      }
      taken[key] = out;
    }
  }
  return taken;
}
