import { SqlError, type SqlEngine, type SqlValue } from '../sqlite/engine.js';
import { quoteName } from '../sqlite/sqlText.js';
import { throwIfCancelled, type Warning } from '../trace/index.js';
import { pause } from './pause.js';
import { printable } from './printable.js';
import type { ReadOptions } from './reader.js';
import type { RowSkips } from './rowSkips.js';

/** Rows read without giving the thread's other work, a cancellation among it, a chance. */
const ROWS_A_TURN = 50_000;
/** The least and the greatest number a row can have. */
const FIRST_ROW = -(2n ** 63n);
const LAST_ROW = 2n ** 63n - 1n;

export interface RowsRead {
  /** rows given to `onRow` */
  readonly seen: number;
  /** rows the table holds as far as SQLite can count them; at least `seen` */
  readonly inFile: number;
  /** what SQLite said of the damage it met; undefined where it met none */
  readonly damage: string | undefined;
}

/**
 * Gives every readable row of a table. Where pages are damaged or missing, the rows before the damage
 * and those after it are given, and the damage is told.
 *
 * @param expressions what to select; a row begins with their values in this order
 * @throws SqlError for a statement that is wrong; the signal's reason once it is aborted
 */
export async function eachEventRow(
  engine: SqlEngine,
  table: string,
  expressions: readonly string[],
  onRow: (row: readonly SqlValue[]) => void,
  options: ReadOptions,
): Promise<RowsRead> {
  const counted = countRows(engine, table);
  const rowid = hasRowid(engine, table);
  const select = `SELECT ${[...expressions, rowid ? '_rowid_' : 'NULL'].join(', ')} FROM ${quoteName(table)}`;
  let seen = 0;
  let last: SqlValue = null;
  const give = (row: readonly SqlValue[]): void => {
    last = row[expressions.length];
    seen++;
    onRow(row);
  };
  const turn = async (): Promise<void> => {
    options.progress?.({
      stage: 'Reading events',
      ...(counted === undefined ? {} : { fraction: seen / counted }),
    });
    await pause();
    throwIfCancelled(options.signal);
  };

  let damage: string | undefined;
  try {
    if (rowid) {
      const from = `${select} NOT INDEXED WHERE _rowid_ >= ? ORDER BY _rowid_ LIMIT ${engine.sliceRows}`;
      await eachSlice(engine, from, give, turn);
    } else {
      engine.each(select, give);
    }
  } catch (error) {
    damage = damageOf(error);
  }
  if (damage !== undefined && rowid) {
    const after = last === null ? '' : `WHERE _rowid_ > ${String(last)}`;
    try {
      engine.each(`${select} NOT INDEXED ${after} ORDER BY _rowid_ DESC`, give);
    } catch (error) {
      // Coming from the end, the damage is met again.
      damageOf(error);
    }
  }
  throwIfCancelled(options.signal);
  return { seen, inFile: Math.max(counted ?? 0, seen), damage };
}

/**
 * Runs a statement for slice after slice, each from the row after the last one given.
 * @param sql with the least number of a row as its parameter, and the number as its last column
 * @param turn is awaited now and then
 */
async function eachSlice(
  engine: SqlEngine,
  sql: string,
  give: (row: readonly SqlValue[]) => void,
  turn: () => Promise<void>,
): Promise<void> {
  const rows = engine.prepare(sql);
  try {
    let before: number | bigint = FIRST_ROW - 1n;
    let inSlice = 0;
    const giveOne = (row: readonly SqlValue[]): void => {
      const number = row[row.length - 1];
      // Damage may put any number there, and rows that are none; a slice would begin before the last one.
      if (!(typeof number === 'number' || typeof number === 'bigint') || !(number > before)) {
        throw new SqlError('database disk image is malformed: its rows are in disorder', sql);
      }
      before = number;
      inSlice++;
      give(row);
    };
    for (let rowsInTurn = 0; ;) {
      inSlice = 0;
      const from = BigInt(before) + 1n;
      rows.each(from, giveOne);
      if (inSlice < engine.sliceRows || before === LAST_ROW) {
        return;
      }
      rowsInTurn += inSlice;
      if (rowsInTurn >= ROWS_A_TURN) {
        rowsInTurn = 0;
        await turn();
      }
    }
  } finally {
    rows.free();
  }
}

/**
 * Puts the reading of a table into a trace's account: rows that lie on damaged pages are left out and
 * counted, and the damage is told.
 * @param table as people know it
 */
export function accountFor(
  table: string,
  { seen, inFile, damage }: RowsRead,
  skips: RowSkips,
  warnings: Warning[],
): void {
  skips.add('in a damaged or missing part of the file', inFile - seen);
  if (damage !== undefined) {
    warnings.push({
      code: 'damaged',
      message: `The database is damaged or cut (${damage}): ${seen} rows of ${table} could be read, those on damaged pages could not.`,
      rows: 0,
    });
  }
}

/** SQLite quotes names and statements of the file, which may be anything. */
const MOST_WORDS = 300;

/** SQLite's words for damage, safe to print. @throws the error where it is of another kind */
export function damageOf(error: unknown): string {
  if (error instanceof SqlError && isDamage(error)) {
    return printable(error.message, MOST_WORDS);
  }
  throw error;
}

function isDamage(error: SqlError): boolean {
  return /malformed|corrupt|not a database|unsupported file format|disk I\/O/i.test(error.message);
}

/** undefined where damage keeps SQLite from counting. */
function countRows(engine: SqlEngine, table: string): number | undefined {
  try {
    return Number(engine.query(`SELECT count(*) FROM ${quoteName(table)}`).rows[0][0]);
  } catch (error) {
    damageOf(error);
    return undefined;
  }
}

/** Views and tables WITHOUT ROWID have no number to go on from. */
function hasRowid(engine: SqlEngine, table: string): boolean {
  try {
    engine.query(`SELECT _rowid_ FROM ${quoteName(table)} LIMIT 0`);
    return true;
  } catch (error) {
    if (error instanceof SqlError && /no such column/i.test(error.message)) {
      return false;
    }
    damageOf(error);
    return false;
  }
}
