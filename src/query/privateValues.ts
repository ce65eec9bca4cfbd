import type { SqlEngine } from '../sqlite/engine.js';
import { SqlError } from '../sqlite/engine.js';
import { quoteName, quoteText } from '../sqlite/sqlText.js';
import type { FormatId } from '../trace/index.js';

/** What stands where a value is hidden. */
export const HIDDEN = '(hidden: private)';

/** Options that are numbers, switches or modes tell nothing about people. */
const HARMLESS = `(coalesce(value, '') NOT GLOB '*[^0-9]*' OR lower(value) IN ('true', 'false', 'graph', 'node'))`;
const SPOKEN = ['ENVIRONMENT', 'ARGUMENT', 'COMMAND', 'USER', 'HOST', 'PATH', 'FILE', 'LOCAL']
  .map((word) => `upper(name) GLOB '*${word}*'`)
  .join(' OR ');
/** Facts of the program that exported, which say nothing of whoever ran it. */
const OF_THE_EXPORTER = [
  '*PRODUCT*',
  '*VERSION*',
  '*SCHEMA*',
  '*PLATFORM',
  '*ARCH',
  '*UTC',
  '*TYPE',
]
  .map((pattern) => `name GLOB '${pattern}'`)
  .join(' OR ');
const OPTION = `NOT ${HARMLESS} OR ${SPOKEN}`;
const EXPORT = `(NOT ${HARMLESS} AND NOT (${OF_THE_EXPORTER})) OR ${SPOKEN}`;

/** A folder of a person's own, which has their name. */
const inOwnFolder = (column: string): string =>
  ['*/home/*', '/root/*', '*/Users/*', '*\\Users\\*', '*/users/*']
    .map((pattern) => `${column} GLOB '${pattern}'`)
    .join(' OR ');

/** What is private in a table: in which columns, and in which rows where not in all. */
interface PrivatePart {
  /** the table's name, without regard to case */
  readonly table: RegExp;
  readonly columns: readonly string[];
  /** SQL; needs the columns `needs` */
  readonly where?: string;
  readonly needs?: readonly string[];
}

/**
 * What recorders keep of people and machines: the environment and the command line of what was recorded,
 * user and host names, what the program printed. Names of processes and threads stay; so does the name of
 * the machine in Ingero's event ids, by which its tables join.
 */
const PRIVATE: Readonly<Partial<Record<FormatId, readonly PrivatePart[]>>> = {
  nsys: [
    { table: /^META_DATA_CAPTURE$/i, columns: ['value'], where: OPTION, needs: ['name'] },
    {
      table: /^(META_DATA_EXPORT|EXPORT_META_DATA)$/i,
      columns: ['value'],
      where: EXPORT,
      needs: ['name'],
    },
    {
      table: /^TARGET_INFO_SYSTEM_ENV$/i,
      columns: ['value'],
      where: `NOT ${HARMLESS} AND name NOT IN ('NvDriverVersion', 'CudaDriverVersion') OR ${SPOKEN}`,
      needs: ['name'],
    },
    { table: /^ANALYSIS_FILE$/i, columns: ['content', 'filename'] },
    { table: /^DIAGNOSTIC_EVENT$/i, columns: ['text'], where: "text GLOB '*/*/*'" },
    { table: /^PROCESSES$/i, columns: ['name'], where: inOwnFolder('name') },
    {
      table: /^OSRT_FILE_ACCESS_DESCRIPTORS$/i,
      columns: ['filePath'],
      where: inOwnFolder('filePath'),
    },
    {
      // Environments of processes are strings like any other, but that each variable ends with a zero.
      table: /^StringIds$/i,
      columns: ['value'],
      where: "instr(CAST(value AS BLOB), x'00') > 0",
    },
  ],
  rocpd: [
    { table: /^rocpd_info_node/i, columns: ['machine_id', 'hostname', 'domain_name'] },
    { table: /^rocpd_info_process/i, columns: ['command', 'environment', 'extdata'] },
  ],
  ingero: [
    { table: /^sessions$/i, columns: ['pid_filter', 'flags'] },
    {
      table: /^cgroup_metadata$/i,
      columns: ['container_id', 'cgroup_path', 'pod_name', 'namespace'],
    },
  ],
};

/** Whether traces of this format hold values that `hidePrivateValues` has to hide. */
export function hidesValues(format: FormatId): boolean {
  return PRIVATE[format] !== undefined;
}

/** Columns of StringIds' ids whose strings are what the program printed, or what it was told. */
const PRINTED = [
  ['ProcessStreams', 'filenameId'],
  ['ProcessStreams', 'contentId'],
  ['ANALYSIS_FILE', 'contentId'],
] as const;

/**
 * Hides what is private from SQL. Rows stay, their values do not: a statement may be an agent's, and its
 * result may be sent away. Only the engine's copy is changed, in memory or, of a large file, in a
 * temporary folder; triggers of the file are taken out of it first, since they would see the values. A table that cannot be changed is taken out, too.
 * @throws SqlError
 */
export function hidePrivateValues(engine: SqlEngine, format: FormatId): void {
  const parts = PRIVATE[format] ?? [];
  if (parts.length === 0) {
    return;
  }
  const all = engine.query(
    "SELECT name, EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger') FROM main.sqlite_schema WHERE sql LIKE 'CREATE TABLE%'",
  ).rows;
  if (all.some(([, triggers]) => triggers !== 0)) {
    engine.run(
      `PRAGMA writable_schema = ON; DELETE FROM main.sqlite_schema WHERE type = 'trigger'; PRAGMA writable_schema = RESET;`,
    );
  }
  const tables = new Map(all.map(([name]) => [String(name).toLowerCase(), String(name)] as const));
  const has = (table: string, ...columns: readonly string[]): boolean => {
    const name = tables.get(table.toLowerCase());
    const own = new Set(name === undefined ? [] : engine.columnsOf(name));
    return columns.every((column) => own.has(column));
  };
  for (const { table, columns, where, needs = [] } of parts) {
    for (const name of [...tables.values()].filter((one) => table.test(one))) {
      const own = columns.filter((column) => has(name, column, ...needs));
      hide(engine, name, own, where);
    }
  }
  for (const [table, column] of PRINTED) {
    if (format === 'nsys' && has(table, column) && has('StringIds', 'id', 'value')) {
      hide(engine, 'StringIds', ['value'], `id IN (SELECT ${column} FROM main.${table})`);
    }
  }
}

function hide(engine: SqlEngine, table: string, columns: readonly string[], where = 'TRUE'): void {
  if (columns.length === 0) {
    return;
  }
  const name = `main.${quoteName(table)}`;
  const set = columns.map((column) => `${quoteName(column)} = '${HIDDEN}'`).join(', ');
  try {
    engine.run(`PRAGMA ignore_check_constraints = ON; UPDATE ${name} SET ${set} WHERE ${where}`);
  } catch (error) {
    if (!(error instanceof SqlError)) {
      throw error;
    }
    // A unique column, or damage: what cannot be hidden row by row is hidden whole.
    engine.run(
      `PRAGMA writable_schema = ON;
       DELETE FROM main.sqlite_schema WHERE tbl_name = ${quoteText(table)};
       PRAGMA writable_schema = RESET;`,
    );
  }
}
