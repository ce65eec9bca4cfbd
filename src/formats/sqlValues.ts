import { SqlError, type SqlEngine, type SqlValue } from '../sqlite/engine.js';
import { quoteName } from '../sqlite/sqlText.js';
import { damageOf } from './eventRows.js';
import { numberOf } from './numberOf.js';
import { printable } from './printable.js';

/** NaN for what is no number. Exact below 2^53. */
export function numberValue(value: SqlValue): number {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : NaN;
}

/** '' for NULL and for bytes. */
export function textValue(value: SqlValue): string {
  return value === null || value instanceof Uint8Array ? '' : String(value);
}

/**
 * SQL for a time relative to `base`, subtracted by SQLite on 64-bit integers. The clocks of these
 * recorders count from the machine's start: 0 says that nothing was recorded, and becomes NULL.
 */
export function recordedTime(column: string, base: bigint): string {
  return `nullif(${numberOf(column)}, 0) - (${base})`;
}

/**
 * The middle one of the first times of several tables, ns: near all times of a recording, even where
 * single rows carry a 0 or a broken value; 0 where none can be read.
 */
export function middleTime(
  engine: SqlEngine,
  columns: readonly { readonly table: string; readonly column: string }[],
): bigint {
  const sample: bigint[] = [];
  for (const { table, column } of columns) {
    for (const end of ['LIMIT 501', 'ORDER BY _rowid_ DESC LIMIT 501']) {
      try {
        engine.each(
          `SELECT ${numberOf(column)} FROM ${quoteName(table)} NOT INDEXED ${end}`,
          ([value]) => {
            if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
              sample.push(BigInt(value as bigint | number));
            }
          },
        );
        break;
      } catch (error) {
        // Damage at this end of the table. Whether any row can be read is found when they are read.
        damageOf(error);
      }
    }
  }
  sample.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sample[sample.length >> 1] ?? 0n;
}

/** Runs a reading of what surrounds the events; where that is damaged it is told, and nothing is given. */
export type Tolerant = (what: string, read: () => void) => void;

/**
 * What surrounds the events may be damaged while the events are not: then it is told and left out.
 * @param tell gets SQLite's words
 */
export function readOr<T>(read: () => T, otherwise: T, tell: (damage: string) => void): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SqlError)) {
      throw error;
    }
    tell(printable(error.message, 300));
    return otherwise;
  }
}
