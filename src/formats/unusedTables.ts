import type { SqlEngine } from '../sqlite/engine.js';
import type { Warning } from '../trace/index.js';
import { printable } from './printable.js';

/** Tables of newer versions and of other tools: that nothing is made of them is said. */
export function unusedTables(engine: SqlEngine, isKnown: (table: string) => boolean): Warning[] {
  const unused = engine
    .tables()
    .filter(({ name, type }) => type === 'table' && !isKnown(name))
    .map(({ name }) => printable(name, 40));
  return unused.length === 0
    ? []
    : [
        {
          code: 'unused-tables',
          message: `Tables this version makes nothing of: ${unused.join(', ')}. SQL reaches them.`,
          rows: 0,
        },
      ];
}
