import type { SqlEngine } from '../sqlite/engine.js';
import type { FormatId } from '../trace/index.js';

/** What stands where a value is hidden. */
export const HIDDEN = '(hidden: private)';

/** Options that are numbers, switches or modes tell nothing about people. */
const HARMLESS = `(coalesce(value, '') NOT GLOB '*[^0-9]*' OR lower(value) IN ('true', 'false', 'graph', 'node'))`;

/** Whether traces of this format hold values that `hidePrivateValues` has to hide. */
export function hidesValues(format: FormatId): boolean {
  return format === 'nsys';
}

/**
 * Nsight Systems keeps the environment and the command line of the profiled program, the user's and the
 * machine's name, and what the program printed. Rows about them stay, their values do not: a statement
 * may be an agent's, and its result may be sent away. Only the engine's copy is changed,
 * in memory or, of a large file, in a temporary folder.
 * @throws SqlError
 */
export function hidePrivateValues(engine: SqlEngine): void {
  const has = (table: string, ...columns: string[]): boolean => {
    const own = engine.columnsOf(table);
    return columns.every((column) => own.includes(column));
  };
  if (has('META_DATA_CAPTURE', 'name', 'value')) {
    engine.run(`UPDATE main.META_DATA_CAPTURE SET value = '${HIDDEN}'
      WHERE NOT ${HARMLESS} OR name GLOB '*ENVIRONMENT*' OR name GLOB '*ARGUMENT*' OR name GLOB '*USER*'`);
  }
  if (has('TARGET_INFO_SYSTEM_ENV', 'name', 'value')) {
    engine.run(`UPDATE main.TARGET_INFO_SYSTEM_ENV SET value = '${HIDDEN}'
      WHERE NOT ${HARMLESS} AND name NOT IN ('NvDriverVersion', 'CudaDriverVersion')`);
  }
  for (const [table, column] of [
    ['ProcessStreams', 'contentId'],
    ['ANALYSIS_FILE', 'contentId'],
  ]) {
    if (has(table, column) && has('StringIds', 'id', 'value')) {
      engine.run(
        `UPDATE main.StringIds SET value = '${HIDDEN}' WHERE id IN (SELECT ${column} FROM main.${table})`,
      );
    }
  }
  if (has('ANALYSIS_FILE', 'content')) {
    engine.run(`UPDATE main.ANALYSIS_FILE SET content = '${HIDDEN}'`);
  }
}
