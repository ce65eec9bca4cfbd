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

/** Columns behind those of the contract. */
export interface MoreColumns {
  /** which rule decided, and what was looked at */
  readonly explain: boolean;
  /** the rank, where the trace has several; it is the last column */
  readonly rank: boolean;
}

function columnsOf({ explain, rank }: MoreColumns): readonly (keyof AttributedCall)[] {
  return [
    ...ATTRIBUTE_COLUMNS,
    ...(explain ? (['rule', 'why'] as const) : []),
    ...(rank ? (['rank'] as const) : []),
  ];
}

export function attributeHeader(more: MoreColumns): string {
  return `${columnsOf(more).join('\t')}\n`;
}

/** One line a call. */
export function attributeLines(calls: readonly AttributedCall[], more: MoreColumns): string {
  const columns = columnsOf(more);
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
