import { markdownText, visibleField, visibleText } from '../analysis/visibleText.js';

/** A table ready to print. */
export interface TextTable {
  readonly columns: readonly { readonly header: string; readonly align: 'left' | 'right' }[];
  readonly rows: readonly (readonly string[])[];
}

/** Characters of the line under the last column: sentences stand there, and a terminal would wrap it. */
const LONGEST_RULE = 60;

/**
 * Columns padded to their widest cell, two spaces apart, a line under the header. What cannot be seen
 * is shown escaped, so that a name can neither repaint the terminal nor break the table.
 */
export function plainTable(table: TextTable): string {
  const headers = table.columns.map((column) => column.header);
  const rows = table.rows.map((row) => row.map(visibleText));
  const widths = headers.map((header, i) =>
    rows.reduce((width, row) => Math.max(width, length(row[i])), length(header)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const padding = ' '.repeat(widths[i] - length(cell));
        return table.columns[i].align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  const rule = widths
    .map((width, i) => '-'.repeat(i === widths.length - 1 ? Math.min(width, LONGEST_RULE) : width))
    .join('  ');
  return [line(headers), rule, ...rows.map(line)].map((text) => `${text}\n`).join('');
}

/** A GitHub table. Cells are text: nothing in a name becomes markup. */
export function markdownTable(table: TextTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [
    line(table.columns.map((column) => markdownText(column.header))),
    line(table.columns.map((column) => (column.align === 'right' ? '---:' : '---'))),
    ...table.rows.map((row) => line(row.map(markdownText))),
  ].join('');
}

/**
 * Records as RFC 4180 has them: CRLF, quotes where a field needs them, quotes doubled. What cannot be seen
 * is written as its escape: a terminal may be where it goes.
 */
export function csv(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, ...rows].map((record) => `${record.map(csvField).join(',')}\r\n`).join('');
}

function csvField(raw: string): string {
  const field = visibleField(raw);
  return /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** A number as CSV has it: every digit, empty where there is none. */
export function csvNumber(value: number | null): string {
  return value === null || Number.isNaN(value) ? '' : String(value);
}

/** Characters, not code units: an emoji is one. */
function length(text: string): number {
  return [...text].length;
}
