import { shortenMiddle, visibleJson, visibleText } from '../analysis/visibleText.js';
import type { SqlRows, SqlValue } from '../sqlite/engine.js';
import { csv, plainTable } from './tables.js';

export const QUERY_FORMATS = ['table', 'json', 'csv'] as const;
export type QueryFormat = (typeof QUERY_FORMATS)[number];

/** Characters of a text in a table for the terminal. */
const TEXT_WIDTH = 60;

/** Rows of a query as text in one of the formats. */
export function queryOutput(result: SqlRows, format: QueryFormat): string {
  switch (format) {
    case 'json':
      return queryJson(result);
    case 'csv':
      return csv(
        result.columns,
        result.rows.map((row) => row.map((value) => (value === null ? '' : valueText(value)))),
      );
    case 'table':
      return queryTable(result);
  }
}

/**
 * `{columns, rows, truncated}`, each row an object by column name (a name that occurs again gets its
 * number: "n", "n_2"). Integers beyond 2^53 and blobs are text: a JSON number would lose digits.
 */
function queryJson(result: SqlRows): string {
  const columns = distinctNames(result.columns);
  const rows = result.rows.map((row) =>
    Object.fromEntries(
      row.map((value, i) => [
        columns[i],
        typeof value === 'bigint' || value instanceof Uint8Array ? valueText(value) : value,
      ]),
    ),
  );
  return `${visibleJson({ columns, rows, truncated: result.truncated })}\n`;
}

function distinctNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let distinct = name;
    for (let n = 2; taken.has(distinct); n++) {
      distinct = `${name}_${n}`;
    }
    taken.add(distinct);
    return distinct;
  });
}

function queryTable(result: SqlRows): string {
  const numeric = result.columns.map((_, i) =>
    result.rows.every((row) => row[i] === null || isNumber(row[i])),
  );
  return plainTable({
    columns: result.columns.map((header, i) => ({
      header: visibleText(header),
      align: numeric[i] ? 'right' : 'left',
    })),
    rows: result.rows.map((row) =>
      row.map((value) =>
        isNumber(value)
          ? valueText(value)
          : shortenMiddle(visibleText(valueText(value)), TEXT_WIDTH),
      ),
    ),
  });
}

function isNumber(value: SqlValue): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

function valueText(value: SqlValue): string {
  if (value === null) {
    return 'NULL';
  }
  if (value instanceof Uint8Array) {
    return `x'${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}'`;
  }
  return String(value);
}
