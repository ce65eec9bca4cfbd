import type { SqlEngine } from '../../sqlite/engine.js';
import type { Warning } from '../../trace/index.js';
import { damageOf } from '../eventRows.js';
import { printable } from '../printable.js';
import type { NsysSchema } from './schema.js';
import { textOf } from './strings.js';

/** Values of `severity` (ENUM_DIAGNOSTIC_SEVERITY_LEVEL); 1 is information, 4 what only its makers read. */
const WARNING = 2;
const ERROR = 3;
const MOST_SENTENCES = 8;
/** Folders name users, machines and projects. */
const FOLDERS = /(?:[A-Za-z]:)?(?:[\\/][^\s\\/'"]+)+[\\/]/g;

/**
 * What the profiler itself warned of while it recorded: "Not all CUDA events might have been collected."
 * @throws SqlError
 */
export function profilerWarnings(engine: SqlEngine, schema: NsysSchema): Warning[] {
  if (!schema.has('DIAGNOSTIC_EVENT', 'severity', 'text')) {
    return [];
  }
  let said: readonly string[];
  try {
    said = engine
      .query(
        `SELECT DISTINCT CAST(text AS BLOB) FROM DIAGNOSTIC_EVENT
         WHERE severity IN (${WARNING}, ${ERROR}) ORDER BY 1`,
        MOST_SENTENCES,
      )
      .rows.map(([text]) => textOf(text).trim());
  } catch (error) {
    damageOf(error);
    return []; // that the table is damaged is said where its rows are counted
  }
  return said.map((text) => ({
    code: 'profiler-warning',
    message: `Nsight Systems warned when it recorded: ${printable(text.replace(FOLDERS, ''), 200)}`,
    rows: 0,
  }));
}
