import { quoteName } from '../sqlite/sqlText.js';

/** Of the texts made of these characters, those that SQLite would read only the beginning of: dates, versions. */
const NOT_NUMBERS = ['*[0-9.][-+]*', '*.*.*', '*[eE]*[eE]*', '*[eE]'];

/**
 * SQL for a column's value as a number, NULL where it is none. Text counts where it is written as a
 * number; an integer stays a 64-bit integer, so that subtracting one from it is exact.
 */
export function numberOf(column: string): string {
  const c = quoteName(column);
  const t = `trim(${c})`;
  const others = ['*[^-+.0-9eE]*', ...NOT_NUMBERS].map((glob) => `${t} NOT GLOB '${glob}'`);
  return (
    `CASE typeof(${c}) WHEN 'integer' THEN ${c} WHEN 'real' THEN ${c} WHEN 'text' THEN ` +
    `CASE WHEN ${t} GLOB '*[0-9]*' AND ${others.join(' AND ')} THEN CAST(${t} AS NUMERIC) END END`
  );
}
