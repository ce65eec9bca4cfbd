import initSqlJs from 'sql.js';
import { BaseEngine, guarded, plainResult, refuseSecondStatement } from './baseEngine.js';
import {
  SqlError,
  type AggregateFunction,
  type DatabasePlace,
  type PreparedRows,
  type ScalarFunction,
  type SqlDatabase,
  type SqlEngine,
  type SqlRows,
  type SqlValue,
} from './engine.js';
import { quoteName } from './sqlText.js';

/** What sql.js offers and its published types leave out or know too narrowly. */
interface SqlJsStatement {
  bind(values: readonly SqlValue[]): boolean;
  step(): boolean;
  reset(): void;
  get(params: null, config: { useBigInt: boolean }): SqlValue[];
  getColumnNames(): string[];
  run(values: readonly SqlValue[]): void;
  free(): boolean;
}
interface SqlJsIterator {
  next(): { done: boolean; value?: SqlJsStatement };
  getRemainingSQL(): string;
  return(): unknown;
}
interface SqlJsDatabase {
  run(sql: string): unknown;
  prepare(sql: string): SqlJsStatement;
  iterateStatements(sql: string): SqlJsIterator;
  create_function(name: string, f: (...args: SqlValue[]) => SqlValue): unknown;
  create_aggregate(
    name: string,
    f: { init: () => unknown; step: (...args: never[]) => unknown; finalize: unknown },
  ): unknown;
  export(): Uint8Array;
  close(): void;
}

/** sql.js, loaded: makes engines. One a thread is enough. */
export interface SqlJs {
  readonly Database: new (data?: Uint8Array | null) => SqlJsDatabase;
}

/**
 * Loads SQLite's WebAssembly from bytes the caller found (`sql-wasm.wasm` of the package `sql.js`),
 * so that no host has to be able to fetch it.
 */
export async function loadSqlJs(wasm: ArrayBuffer | Uint8Array): Promise<SqlJs> {
  const wasmBinary = wasm instanceof Uint8Array ? (wasm.slice().buffer as ArrayBuffer) : wasm;
  return (await initSqlJs({ wasmBinary })) as unknown as SqlJs;
}

/**
 * An engine over a copy of `database`, or over an empty one. Bytes that are no database make no
 * error here: the first statement throws it.
 * @throws SqlError for a file: it only works on bytes in memory
 */
export function openSqlJs(sqlJs: SqlJs, database: DatabasePlace | null): SqlEngine {
  if (database !== null && !(database instanceof Uint8Array)) {
    throw new SqlError('sql.js opens no files by their paths.', '');
  }
  return new SqlJsEngine(new sqlJs.Database(database));
}

/** A new database, to be written. */
export function newSqlJsDatabase(sqlJs: SqlJs): SqlDatabase {
  return new SqlJsEngine(new sqlJs.Database(null));
}

class SqlJsEngine extends BaseEngine implements SqlDatabase {
  readonly ownPercentiles = false;
  /** Rows are given one by one, and beginning anew looks for the file and its journal. */
  readonly sliceRows = 50_000;

  constructor(private readonly db: SqlJsDatabase) {
    super();
    // Damaged pages are then found when a page is loaded, not followed; and what a file's schema computes
    // can call no function of ours.
    this.run(
      'PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY',
    );
  }

  run(sql: string): void {
    guarded(sql, () => this.db.run(sql));
  }

  query(sql: string, limit = Infinity): SqlRows {
    return guarded(sql, () =>
      this.withStatement(sql, (statement) => {
        const rows: SqlValue[][] = [];
        let truncated = false;
        while (statement.step()) {
          if (rows.length >= limit) {
            truncated = true;
            break;
          }
          rows.push(exactRow(statement));
        }
        return { columns: statement.getColumnNames(), rows, truncated };
      }),
    );
  }

  each(sql: string, onRow: (row: readonly SqlValue[]) => void): void {
    this.stream(sql, (statement) => onRow(exactRow(statement)));
  }

  eachNumeric(sql: string, onRow: (row: ArrayLike<number>) => void): void {
    let numbers: Float64Array | undefined;
    this.stream(sql, (statement) => {
      const row = statement.get(null, AS_DOUBLES);
      numbers ??= new Float64Array(row.length);
      for (let i = 0; i < row.length; i++) {
        const value = row[i];
        numbers[i] = typeof value === 'number' ? value : NaN;
      }
      onRow(numbers);
    });
  }

  insert(
    table: string,
    columnCount: number,
    count: number,
    row: (i: number) => readonly SqlValue[],
  ): void {
    const sql = `INSERT INTO ${quoteName(table)} VALUES`;
    // sql.js binds a bigint as text: rows that hold one are cast back, by which columns hold it.
    const statements = new Map<string, SqlJsStatement>();
    const plainPlaces = Array.from({ length: columnCount }, () => '?').join(',');
    const placesOf = (values: readonly SqlValue[]): string =>
      values.some((value) => typeof value === 'bigint')
        ? Array.from({ length: columnCount }, (_, c) =>
            typeof values[c] === 'bigint' ? 'CAST(? AS INTEGER)' : '?',
          ).join(',')
        : plainPlaces;
    guarded(sql, () => {
      this.db.run('BEGIN');
      try {
        for (let i = 0; i < count; i++) {
          const values = row(i);
          const places = placesOf(values);
          let statement = statements.get(places);
          if (statement === undefined) {
            statement = this.db.prepare(`${sql} (${places})`);
            statements.set(places, statement);
          }
          statement.run(values);
        }
        this.db.run('COMMIT');
      } catch (error) {
        this.db.run('ROLLBACK');
        throw error;
      } finally {
        for (const statement of statements.values()) {
          statement.free();
        }
      }
    });
  }

  scalarFunction(name: string, f: ScalarFunction): void {
    const wrapped = (...args: SqlValue[]): SqlValue => plainResult(name, f(...args));
    // The number of parameters is how sql.js declares a function; a rest parameter takes any number.
    Object.defineProperty(wrapped, 'length', { value: f.length === 0 ? -1 : f.length });
    guarded(name, () => this.db.create_function(name, wrapped));
  }

  aggregateFunction<State>(name: string, f: AggregateFunction<State>): void {
    guarded(name, () =>
      this.db.create_aggregate(name, {
        init: f.init,
        step: f.step as (...args: never[]) => unknown,
        finalize: (state: State) => plainResult(name, f.finalize(state)),
      }),
    );
  }

  bytes(): Uint8Array {
    return guarded('export', () => this.db.export());
  }

  close(): void {
    this.db.close();
  }

  prepare(sql: string): PreparedRows {
    return guarded(sql, () => {
      const iterator = this.db.iterateStatements(sql);
      try {
        const statement = onlyStatement(iterator);
        return {
          each: (parameter, onRow) => {
            guarded(sql, () => statement.bind([parameter]));
            try {
              stepThrough(sql, statement, () => onRow(exactRow(statement)));
            } finally {
              statement.reset();
            }
          },
          free: () => {
            iterator.return();
          },
        };
      } catch (error) {
        iterator.return();
        throw error;
      }
    });
  }

  private stream(sql: string, onRow: (statement: SqlJsStatement) => void): void {
    // Errors of `onRow` pass as they are: only SQLite's own become SqlError.
    let ofCaller: { error: unknown } | undefined;
    guarded(sql, () =>
      this.withStatement(sql, (statement) => {
        try {
          stepThrough(sql, statement, () => onRow(statement));
        } catch (error) {
          ofCaller = { error };
        }
      }),
    );
    if (ofCaller !== undefined) {
      throw ofCaller.error;
    }
  }

  /** Prepares exactly one statement and frees it whatever happens. */
  private withStatement<T>(sql: string, use: (statement: SqlJsStatement) => T): T {
    const iterator = this.db.iterateStatements(sql);
    try {
      return use(onlyStatement(iterator));
    } finally {
      iterator.return();
    }
  }
}

function onlyStatement(iterator: SqlJsIterator): SqlJsStatement {
  const { value: statement } = iterator.next();
  if (statement === undefined) {
    throw new Error('there is no statement to run');
  }
  refuseSecondStatement(iterator.getRemainingSQL());
  return statement;
}

/** Runs a statement to its end. Errors of `onRow` pass as they are: only SQLite's own become SqlError. */
function stepThrough(sql: string, statement: SqlJsStatement, onRow: () => void): void {
  const step = (): boolean => statement.step();
  while (guarded(sql, step)) {
    onRow();
  }
}

/** A row whose integers beyond 2^53 are bigint; reading every integer so would cost several times more. */
function exactRow(statement: SqlJsStatement): SqlValue[] {
  const row = statement.get(null, AS_DOUBLES);
  for (let i = 0; i < row.length; i++) {
    if (isBeyondDouble(row[i])) {
      return statement
        .get(null, { useBigInt: true })
        .map((value) =>
          typeof value === 'bigint' && !isBeyondDouble(Number(value)) ? Number(value) : value,
        );
    }
  }
  return row;
}

const AS_DOUBLES = { useBigInt: false };

function isBeyondDouble(value: SqlValue): boolean {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}
