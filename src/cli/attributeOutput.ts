import { visibleText } from '../analysis/visibleText.js';
import type { AttributedCall } from '../session/session.js';

/** Columns of `layerscope attribute`, in order. */
export const ATTRIBUTE_COLUMNS = [
  'ts_us',
  'dur_us',
  'device',
  'stream',
  'name',
  'layer_type',
  'layer_index',
  'module',
  'method',
] as const satisfies readonly (keyof AttributedCall)[];

/** Columns that `--explain` adds behind the others. */
export const EXPLAIN_COLUMNS = ['rule', 'why'] as const satisfies readonly (keyof AttributedCall)[];

type Column = (typeof ATTRIBUTE_COLUMNS | typeof EXPLAIN_COLUMNS)[number];

function columnsOf(explain: boolean): readonly Column[] {
  return explain ? [...ATTRIBUTE_COLUMNS, ...EXPLAIN_COLUMNS] : ATTRIBUTE_COLUMNS;
}

export function attributeHeader(explain = false): string {
  return `${columnsOf(explain).join('\t')}\n`;
}

/** One line a call. */
export function attributeLines(calls: readonly AttributedCall[], explain = false): string {
  const columns = columnsOf(explain);
  return calls
    .map((call) => `${columns.map((column) => tsvField(call[column] ?? '')).join('\t')}\n`)
    .join('');
}

/**
 * Tabs and line ends of a name as \t, \n, \r, and so a backslash as \\. Other controls and the line
 * separators of Unicode are written as \x1b, \u2028: many readers end a line there, and a terminal
 * would obey them.
 */
function tsvField(text: string): string {
  return text.replace(/[\\\p{Cc}\p{Zl}\p{Zp}]/gu, (character) => {
    switch (character) {
      case '\t':
        return '\\t';
      case '\n':
        return '\\n';
      case '\r':
        return '\\r';
      case '\\':
        return '\\\\';
      default:
        return visibleText(character);
    }
  });
}
