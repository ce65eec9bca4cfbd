import { pathToFileURL } from 'node:url';
import { BaseEngine, guarded, plainResult, refuseSecondStatement } from './baseEngine.js';
import {
  SqlError,
  type AggregateFunction,
  type DatabaseFile,
  type PreparedRows,
  type ScalarFunction,
  type SqlEngine,
  type SqlRows,
  type SqlValue,
} from './engine.js';
import { quoteName } from './sqlText.js';

/** The part of `node:sqlite` used here; the types of the oldest Node that is supported lack it. */
interface NodeStatement {
  /** the first statement of the text it was made from */
  readonly sourceSQL: string;
  columns(): readonly { readonly name: string }[];
  iterate(...parameters: readonly SqlValue[]): Iterable<SqlValue[]>;
  all(...parameters: readonly SqlValue[]): SqlValue[][];
  run(...values: readonly SqlValue[]): unknown;
  setReadBigInts(enabled: boolean): void;
  setReturnArrays(enabled: boolean): void;
}
interface FunctionOptions {
  readonly useBigIntArguments: boolean;
  readonly varargs: boolean;
}
interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  function(name: string, options: FunctionOptions, f: (...args: SqlValue[]) => SqlValue): void;
  aggregate<State>(
    name: string,
    options: FunctionOptions & {
      start(): State;
      step(state: State, ...args: SqlValue[]): State;
      result(state: State): SqlValue;
    },
  ): void;
  enableDefensive?(active: boolean): void;
  close(): void;
}

/** `node:sqlite`, where this Node has all of it that is needed. */
export interface NodeSqlite {
  readonly DatabaseSync: new (
    location: string,
    options: {
      readonly readOnly: boolean;
      readonly enableForeignKeyConstraints: boolean;
      readonly enableDoubleQuotedStringLiterals: boolean;
    },
  ) => NodeDatabase;
}

/** The first Node whose SQLite has aggregate functions, rows as arrays and `file:` addresses. */
export const NODE_WITH_SQLITE = '22.16';

/** Node's own SQLite; undefined where it is missing or lacks what is needed. */
export function nodeSqlite(): NodeSqlite | undefined {
  const quiet = process.emitWarning;
  // Node 22 warns on stderr that the module is experimental, which tells a user nothing.
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!(rest.includes('ExperimentalWarning') && String(warning).includes('SQLite'))) {
      Reflect.apply(quiet, process, [warning, ...rest]);
    }
  }) as typeof process.emitWarning;
  try {
    const load = process.getBuiltinModule as ((id: string) => unknown) | undefined;
    const found = load?.('node:sqlite') as NodeSqlite | undefined;
    return found !== undefined && 'aggregate' in found.DatabaseSync.prototype ? found : undefined;
  } finally {
    process.emitWarning = quiet;
  }
}

/**
 * An engine over a file, or over an empty database of its own that lies in a temporary file.
 * @throws SqlError where the file is no database, or a damaged one
 */
export function openNodeSqlite(sqlite: NodeSqlite, database: DatabaseFile | null): SqlEngine {
  const readOnly = database !== null && !database.ownCopy;
  const location =
    database === null ? '' : readOnly ? evidenceAddress(database.path) : database.path;
  const db = guarded(
    `open ${location}`,
    () =>
      new sqlite.DatabaseSync(location, {
        readOnly,
        // As sql.js has them.
        enableForeignKeyConstraints: false,
        enableDoubleQuotedStringLiterals: true,
      }),
  );
  return new NodeSqliteEngine(db, database);
}

/**
 * The address of a file that SQLite neither changes nor locks, looks beside or puts anything beside: it is
 * told that nobody changes it. (https://sqlite.org/uri.html)
 */
function evidenceAddress(path: string): string {
  const { host, href, pathname } = pathToFileURL(path);
  // SQLite refuses an authority; a Windows share is written as a path of two slashes.
  const file = host === '' ? href : `file:////${host}${pathname}`;
  return `${file}?mode=ro&immutable=1`;
}

/** KiB. The default of 2,000 makes joins over a file of gigabytes read the same pages again and again. */
const CACHE_KIB = 16 * 1024;

class NodeSqliteEngine extends BaseEngine {
  /**
   * Node keeps what every call of a function of ours leaves behind until SQLite gives the next row: about
   * 50 bytes a call, gigabytes for a percentile over all rows of a large file.
   */
  readonly ownPercentiles: boolean;
  /**
   * They lie in memory together, and a row may hold a text of megabytes; of more rows so many outlive a
   * collection that V8 takes 100 MB more for young objects.
   */
  readonly sliceRows = 32;
  /** What a function of ours threw: Node loses what an aggregate throws, and gives no row. */
  private thrown: { readonly error: unknown } | undefined;

  constructor(
    private readonly db: NodeDatabase,
    database: DatabaseFile | null,
  ) {
    super();
    if (database?.cut === true) {
      // SQLite refuses a file that is shorter than its header says, except to those who may mend it.
      db.enableDefensive?.(false);
      this.run('PRAGMA writable_schema = ON');
    }
    if (database?.ownCopy === true) {
      // Nobody needs the copy after a crash.
      this.run('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF');
    }
    this.run(
      `PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -${CACHE_KIB}`,
    );
    this.ownPercentiles = this.runs('SELECT percentile_cont(1, 0.5), percentile(1, 50), median(1)');
  }

  run(sql: string): void {
    this.checked(sql, () => this.db.exec(sql));
  }

  query(sql: string, limit = Infinity): SqlRows {
    return this.checked(sql, () => {
      const statement = this.prepared(sql);
      const rows: SqlValue[][] = [];
      let truncated = false;
      for (const row of statement.iterate()) {
        if (rows.length >= limit) {
          truncated = true;
          break;
        }
        rows.push(exactRow(row));
      }
      return { columns: statement.columns().map(({ name }) => name), rows, truncated };
    });
  }

  each(sql: string, onRow: (row: readonly SqlValue[]) => void): void {
    this.stream(sql, (row) => onRow(exactRow(row)));
  }

  prepare(sql: string): PreparedRows {
    let exact = false;
    const statement = this.checked(sql, () => this.prepared(sql, exact));
    const readExactly = (): void => {
      exact = true;
      statement.setReadBigInts(true);
    };
    return {
      each: (parameter, onRow) => {
        const bound = asBound(parameter);
        // All at once takes two thirds of the time of one after the other.
        const rows = this.checked(sql, () => {
          try {
            return statement.all(bound);
          } catch {
            // An integer beyond 2^53, or damage, which is met again after the rows before it.
            return undefined;
          }
        });
        if (rows === undefined) {
          readExactly();
          this.streamed(
            sql,
            () => statement.iterate(bound),
            (row) => onRow(exactRow(row)),
          );
          return;
        }
        for (const row of rows) {
          onRow(exact ? exactRow(row) : row);
        }
      },
      // Node frees a statement that nobody holds.
      free: () => undefined,
    };
  }

  eachNumeric(sql: string, onRow: (row: ArrayLike<number>) => void): void {
    let numbers: Float64Array | undefined;
    let given = 0;
    const give = (row: SqlValue[]): void => {
      given++;
      numbers ??= new Float64Array(row.length);
      for (let i = 0; i < row.length; i++) {
        const value = row[i];
        numbers[i] =
          typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : NaN;
      }
      onRow(numbers);
    };
    if (!this.stream(sql, give, false)) {
      // An integer beyond 2^53 after all: once more from the start, past the rows that were given.
      let skip = given;
      this.stream(sql, (row) => (skip > 0 ? skip-- : give(row)));
    }
  }

  insert(
    table: string,
    columnCount: number,
    count: number,
    row: (i: number) => readonly SqlValue[],
  ): void {
    const places = Array.from({ length: columnCount }, () => '?').join(',');
    const sql = `INSERT INTO ${quoteName(table)} VALUES (${places})`;
    this.checked(sql, () => {
      this.db.exec('BEGIN');
      try {
        const statement = this.db.prepare(sql);
        for (let i = 0; i < count; i++) {
          statement.run(...row(i).map(asBound));
        }
        this.db.exec('COMMIT');
      } catch (error) {
        this.db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  scalarFunction(name: string, f: ScalarFunction): void {
    const wrapped = (...args: SqlValue[]): SqlValue =>
      this.kept(() => plainResult(name, f(...args.map(asDouble))));
    // Node takes the number of parameters from the function.
    Object.defineProperty(wrapped, 'length', { value: f.length });
    const options = { useBigIntArguments: true, varargs: f.length === 0 };
    guarded(name, () => this.db.function(name, options, wrapped));
  }

  aggregateFunction<State>(name: string, f: AggregateFunction<State>): void {
    const step = (state: State, ...args: SqlValue[]): State =>
      this.kept(() => f.step(state, ...args.map(asDouble)));
    Object.defineProperty(step, 'length', { value: f.step.length });
    guarded(name, () =>
      this.db.aggregate<State>(name, {
        start: f.init,
        step,
        result: (state) => this.kept(() => plainResult(name, f.finalize(state))),
        useBigIntArguments: true,
        varargs: false,
      }),
    );
  }

  close(): void {
    this.db.close();
  }

  /**
   * @param exact false to read integers as numbers, which is faster
   * @returns false where it met an integer that is none: rows before it were given
   */
  private stream(sql: string, onRow: (row: SqlValue[]) => void, exact = true): boolean {
    return this.streamed(sql, () => this.prepared(sql, exact).iterate(), onRow, exact);
  }

  /** As `stream`, of rows that a statement gives. */
  private streamed(
    sql: string,
    rows: () => Iterable<SqlValue[]>,
    onRow: (row: SqlValue[]) => void,
    exact = true,
  ): boolean {
    // Errors of `onRow` pass as they are: only SQLite's own become SqlError.
    let ofCaller: { error: unknown } | undefined;
    const whole = this.checked(sql, () => {
      try {
        for (const row of rows()) {
          try {
            onRow(row);
          } catch (error) {
            ofCaller = { error };
            break;
          }
        }
      } catch (error) {
        if (exact || !isOutOfRange(error)) {
          throw error;
        }
        return false;
      }
      return true;
    });
    if (ofCaller !== undefined) {
      throw ofCaller.error;
    }
    return whole;
  }

  private runs(sql: string): boolean {
    try {
      this.query(sql);
      return true;
    } catch (error) {
      if (error instanceof SqlError) {
        return false;
      }
      throw error;
    }
  }

  /** Exactly one statement that gives rows as arrays, their integers as bigint where `exact`. */
  private prepared(sql: string, exact = true): NodeStatement {
    const statement = this.db.prepare(sql);
    refuseSecondStatement(sql.slice(statement.sourceSQL.length));
    statement.setReturnArrays(true);
    // Else Node throws at an integer beyond 2^53, and the row is lost.
    statement.setReadBigInts(exact);
    return statement;
  }

  /** Runs a function of ours within a statement. */
  private kept<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.thrown ??= { error };
      throw error;
    }
  }

  /** Runs a statement; it fails where a function of ours failed, whatever SQLite made of that. */
  private checked<T>(sql: string, run: () => T): T {
    this.thrown = undefined;
    return guarded(sql, () => {
      let result: T;
      try {
        result = run();
      } catch (error) {
        throw this.failure() ?? error;
      }
      const failure = this.failure();
      if (failure !== undefined) {
        throw failure;
      }
      return result;
    });
  }

  private failure(): unknown {
    return this.thrown?.error;
  }
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** The same row; integers that a double holds exactly become numbers. */
function exactRow(row: SqlValue[]): SqlValue[] {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value === 'bigint') {
      const double = Number(value);
      if (Number.isSafeInteger(double)) {
        row[i] = double;
      }
    }
  }
  return row;
}

/** Node binds every number as a double, which a column without a type would keep. */
function asBound(value: SqlValue): SqlValue {
  return typeof value === 'number' && value === (value | 0) ? BigInt(value) : value;
}

/** Functions get every number as a double, as sql.js gives it. */
function asDouble(value: SqlValue): SqlValue {
  return typeof value === 'bigint' ? Number(value) : value;
}
