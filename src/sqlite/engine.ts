/** One value of a result; integers beyond 2^53 come as bigint, all others as number. */
export type SqlValue = number | bigint | string | Uint8Array | null;

export interface SqlRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** true where more rows existed than `limit` let through */
  readonly truncated: boolean;
}

/** A function SQL can call, by name. */
export type ScalarFunction = (...args: SqlValue[]) => SqlValue;

/** A statement prepared once, to give the rows of a table slice by slice. */
export interface PreparedRows {
  /**
   * The rows for a value of the statement's only parameter, integers as in `SqlValue`. They may lie in
   * memory together: the statement limits their number (`SqlEngine.sliceRows`). Of a damaged table, the rows
   * before the damage are given.
   * @throws SqlError
   */
  each(parameter: number | bigint, onRow: (row: readonly SqlValue[]) => void): void;
  free(): void;
}

/** An aggregate SQL can call. `step` gets the state and the arguments of one row and gives the next state. */
export interface AggregateFunction<State> {
  readonly init: () => State;
  readonly step: (state: State, ...args: SqlValue[]) => State;
  readonly finalize: (state: State) => SqlValue;
}

/** A database on this machine's disk, for an engine that reads it where it lies. */
export interface DatabaseFile {
  readonly path: string;
  /** pages at its end are missing: its header states more than there are */
  readonly cut: boolean;
  /** a copy made for the engine, which it may change; all else is opened for reading only */
  readonly ownCopy: boolean;
}

/** A database as an engine is given it: a copy in memory, or a file that is not read into memory. */
export type DatabasePlace = Uint8Array | DatabaseFile;

/** Opens an engine over a database. */
export type OpenEngine = (database: DatabasePlace) => Promise<SqlEngine>;

/**
 * The one seam over SQLite: sql.js over bytes in memory, Node's own SQLite over files beyond that. Both
 * give the same, row for row. Nothing an engine does reaches the file it was given.
 */
export interface SqlEngine {
  /**
   * True where `percentile_cont`, `percentile` and `median` are SQLite's own, which are defined as ours
   * (https://sqlite.org/percentile.html).
   */
  readonly ownPercentiles: boolean;
  /** Runs statements that give no rows. @throws SqlError */
  run(sql: string): void;
  /** All rows of one statement, at most `limit`. @throws SqlError */
  query(sql: string, limit?: number): SqlRows;
  /** Streams the rows of one statement; integers as in `SqlValue`. @throws SqlError */
  each(sql: string, onRow: (row: readonly SqlValue[]) => void): void;
  /** @param sql a statement with one parameter, `?` @throws SqlError */
  prepare(sql: string): PreparedRows;
  /** Rows to ask a prepared statement for at once, where a table is read in slices. */
  readonly sliceRows: number;
  /**
   * Streams numeric columns only, as doubles (NULL is NaN): the fast way into typed arrays.
   * Subtract epochs in the SQL so that no value passes 2^53. @throws SqlError
   */
  eachNumeric(sql: string, onRow: (row: ArrayLike<number>) => void): void;
  /** Inserts `count` rows into `table` from a getter by row, in one transaction. @throws SqlError */
  insert(
    table: string,
    columnCount: number,
    count: number,
    row: (i: number) => readonly SqlValue[],
  ): void;
  scalarFunction(name: string, f: ScalarFunction): void;
  aggregateFunction<State>(name: string, f: AggregateFunction<State>): void;
  /** Tables and views of the file, in its own order. */
  tables(): readonly { readonly name: string; readonly type: 'table' | 'view' }[];
  /** Column names of a table or view; empty where it does not exist or cannot be read. */
  columnsOf(table: string): readonly string[];
  close(): void;
}

/** An engine over a database of its own, whose bytes can be had. */
export interface SqlDatabase extends SqlEngine {
  /** The database as a file has it. Functions that were registered are gone afterwards. @throws SqlError */
  bytes(): Uint8Array;
}

/** What SQLite said, with the statement it was about. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  constructor(
    message: string,
    readonly sql: string,
  ) {
    super(message);
  }
}
