import type { SqlEngine } from '../../sqlite/engine.js';
import type { SqliteTable } from '../sqliteSchema.js';

/** Tables of events; each is there once a suffix. */
export type EventTable =
  | 'rocpd_kernel_dispatch'
  | 'rocpd_memory_copy'
  | 'rocpd_memory_allocate'
  | 'rocpd_region'
  | 'rocpd_sample'
  | 'rocpd_pmc_event'
  | 'rocpd_graph_launch'
  | 'rocpd_hip_event';

const MARK = /^rocpd_(metadata|kernel_dispatch|memory_copy|region|info_node)/;
const SUFFIX_OF = /^rocpd_(?:metadata|kernel_dispatch|region)(.*)$/i;

/** rocpd 3 and 4 have a guid behind the name of every table; their predecessor has a table `rocpd_op`. */
export function isRocpd(tables: ReadonlyMap<string, SqliteTable>): boolean {
  return (
    tables.get('rocpd_op')?.type !== 'table' &&
    [...tables].some(([name, { type }]) => type === 'table' && MARK.test(name))
  );
}

/** The tables of one process's recording: those with one suffix. */
export class SuffixTables {
  private readonly columns = new Map<string, readonly string[]>();

  constructor(
    private readonly engine: SqlEngine,
    private readonly names: ReadonlySet<string>,
    readonly suffix: string,
  ) {}

  /** The name in the file, '' where there is no such table. @param table without its suffix */
  table(table: string): string {
    const name = `${table}${this.suffix}`;
    return this.names.has(name) ? name : '';
  }

  /** Columns of a table; empty where it does not exist. @param table without its suffix */
  columnsOf(table: string): readonly string[] {
    let columns = this.columns.get(table);
    if (columns === undefined) {
      const name = this.table(table);
      columns = name === '' ? [] : this.engine.columnsOf(name);
      this.columns.set(table, columns);
    }
    return columns;
  }

  has(table: string, column: string): boolean {
    return this.columnsOf(table).includes(column);
  }
}

/** The recordings in a file: one a suffix, several in a merged one, in the file's order. */
export function suffixesOf(engine: SqlEngine): SuffixTables[] {
  const names = new Set(
    engine
      .tables()
      .filter(({ type }) => type === 'table')
      .map(({ name }) => name),
  );
  const suffixes = new Set<string>();
  for (const name of names) {
    const suffix = SUFFIX_OF.exec(name)?.[1];
    if (suffix !== undefined) {
      suffixes.add(suffix);
    }
  }
  // Other tables may begin like one of these; each recording has its own strings.
  const whole = [...suffixes].filter((suffix) => names.has(`rocpd_string${suffix}`));
  return (whole.length > 0 ? whole : [...suffixes]).map(
    (suffix) => new SuffixTables(engine, names, suffix),
  );
}

/** What is missing for a table of GPU work or calls to be read, as words; empty where nothing is. */
export function missingOfRocpd(suffixes: readonly SuffixTables[]): string[] {
  const readable = suffixes.some(
    (tables) =>
      (['rocpd_kernel_dispatch', 'rocpd_memory_copy', 'rocpd_region'] as const).some(
        (table) => tables.has(table, 'start') && tables.has(table, 'end'),
      ) && tables.has('rocpd_string', 'string'),
  );
  if (readable) {
    return [];
  }
  const [tables] = suffixes;
  const timed = ['rocpd_kernel_dispatch', 'rocpd_region'].flatMap((table) =>
    (tables?.columnsOf(table).length ?? 0) === 0
      ? [`the table ${table}`]
      : ['start', 'end']
          .filter((column) => tables?.has(table, column) !== true)
          .map((column) => `${table}.${column}`),
  );
  return tables?.has('rocpd_string', 'string') === true
    ? timed
    : [...timed, 'the names (rocpd_string)'];
}
