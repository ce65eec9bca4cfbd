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

export function attributeHeader(): string {
  return `${ATTRIBUTE_COLUMNS.join('\t')}\n`;
}

/** One line a call. */
export function attributeLines(calls: readonly AttributedCall[]): string {
  return calls
    .map((call) => `${ATTRIBUTE_COLUMNS.map((column) => tsvField(call[column])).join('\t')}\n`)
    .join('');
}

/** Tabs and line ends of a name as \t, \n, \r, and so a backslash as \\. */
function tsvField(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => {
    switch (character) {
      case '\t':
        return '\\t';
      case '\n':
        return '\\n';
      case '\r':
        return '\\r';
      default:
        return '\\\\';
    }
  });
}
