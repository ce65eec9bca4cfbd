import { SqlError } from './engine.js';
import type {
  AggregateFunction,
  PreparedRows,
  ScalarFunction,
  SqlEngine,
  SqlRows,
  SqlValue,
} from './engine.js';
import { quoteName } from './sqlText.js';

/** What every engine says in the same way: SQL about the schema. */
export abstract class BaseEngine implements SqlEngine {
  abstract readonly ownPercentiles: boolean;
  abstract readonly sliceRows: number;
  abstract run(sql: string): void;
  abstract query(sql: string, limit?: number): SqlRows;
  abstract each(sql: string, onRow: (row: readonly SqlValue[]) => void): void;
  abstract prepare(sql: string): PreparedRows;
  abstract eachNumeric(sql: string, onRow: (row: ArrayLike<number>) => void): void;
  abstract insert(
    table: string,
    columnCount: number,
    count: number,
    row: (i: number) => readonly SqlValue[],
  ): void;
  abstract scalarFunction(name: string, f: ScalarFunction): void;
  abstract aggregateFunction<State>(name: string, f: AggregateFunction<State>): void;
  abstract close(): void;

  tables(): readonly { readonly name: string; readonly type: 'table' | 'view' }[] {
    return this.query(
      "SELECT name, type FROM sqlite_schema WHERE type IN ('table','view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    ).rows.map(([name, type]) => ({
      name: String(name),
      type: type === 'view' ? 'view' : 'table',
    }));
  }

  columnsOf(table: string): readonly string[] {
    try {
      return this.query(`PRAGMA table_info(${quoteName(table)})`).rows.map((row) => String(row[1]));
    } catch (error) {
      if (error instanceof SqlError) {
        // A view over tables that are gone has no columns; so its contract says.
        return [];
      }
      throw error;
    }
  }
}

/** Runs something of SQLite; what it throws becomes an SqlError about `sql`. */
export function guarded<T>(sql: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof SqlError) {
      throw error;
    }
    throw new SqlError(error instanceof Error ? error.message : String(error), sql);
  }
}

/** @param rest what follows the first statement of a text. @throws Error where it is a second one */
export function refuseSecondStatement(rest: string): void {
  if (!BLANK.test(rest)) {
    throw new Error('only one statement can be run at a time');
  }
}

/** Nothing but white space, semicolons and comments. */
const BLANK = /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))*$/;

/** The result of a function of ours; sql.js would turn a bigint into NULL without a word. */
export function plainResult(name: string, value: SqlValue): SqlValue {
  if (typeof value === 'bigint') {
    throw new Error(`${name}: a 64-bit result cannot be returned exactly; return text`);
  }
  return value;
}
