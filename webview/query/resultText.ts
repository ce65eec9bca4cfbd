import type { QueryResult } from '../../src/session/session.js';
import type { SqlValue } from '../../src/sqlite/engine.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { csvText } from '../layers/tableText.js';

/** How one value reads in the result table. Numbers are not rounded. */
export function cellText(value: SqlValue): string {
  if (value === null) {
    return 'NULL';
  }
  if (value instanceof Uint8Array) {
    return `x'${[...value.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}${value.length > 32 ? '…' : ''}' (${value.length} bytes)`;
  }
  return typeof value === 'string' ? visibleText(value) : String(value);
}

/** Columns whose values are numbers, NULL aside: they stand right-aligned. */
export function numericColumns(result: Pick<QueryResult, 'columns' | 'rows'>): readonly boolean[] {
  const sample = result.rows.slice(0, 200);
  return result.columns.map(
    (_, column) =>
      sample.some((row) => row[column] !== null) &&
      sample.every((row) => row[column] === null || isNumber(row[column])),
  );
}

/** Integers beyond 2^53 come as decimal text; they are numbers to a reader. */
function isNumber(value: SqlValue): boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    (typeof value === 'string' && /^-?\d{16,19}$/.test(value))
  );
}

/** Tab-separated rows for a spreadsheet: tabs and line ends inside values become spaces, what cannot be seen its escape. */
export function resultTsv(result: Pick<QueryResult, 'columns' | 'rows'>): string {
  const cell = (value: SqlValue) =>
    value === null ? '' : visibleText(exactText(value).replace(/[\t\r\n]+/g, ' '));
  return [
    result.columns.map(cell).join('\t'),
    ...result.rows.map((row) => row.map(cell).join('\t')),
  ].join('\n');
}

export function resultCsv(result: Pick<QueryResult, 'columns' | 'rows'>): string {
  return csvText(
    result.columns,
    result.rows.map((row) => row.map((value) => (value === null ? null : exactText(value)))),
  );
}

function exactText(value: Exclude<SqlValue, null>): string {
  return value instanceof Uint8Array
    ? [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    : String(value);
}

/** Widths in characters: the longest of the heading and the first rows, within limits. */
export function columnWidths(result: Pick<QueryResult, 'columns' | 'rows'>): readonly number[] {
  const sample = result.rows.slice(0, 200);
  return result.columns.map((name, column) => {
    const longest = sample.reduce(
      (most, row) => Math.max(most, cellText(row[column]).length),
      name.length,
    );
    return Math.min(60, Math.max(6, longest + 2));
  });
}
