import { SqlError, type SqlEngine, type SqlRows } from '../sqlite/engine.js';
import { INFINITE_VALUE, registerPercentiles, replacePercentiles } from '../sqlite/percentiles.js';
import { BASE_TABLES, type BaseTable, type BaseTableId } from './baseTables.js';
import { prepareStatement, type PreparedStatement } from './dialect.js';
import { registerDiscretePercentile } from './discretePercentile.js';
import { eventsTable } from './eventsTable.js';
import { explainError } from './explainError.js';
import type { ReportProgress } from '../trace/index.js';
import type { QueryTables } from './tables.js';
import { hidePrivateValues } from './privateValues.js';
import { nameOf, type Token } from './tokens.js';
import { SMALL_TABLES, viewStatements, type ViewSql } from './viewSql.js';

/** Rows of a statement, with what SQLite was given for it. */
export interface SurfaceRows extends SqlRows {
  readonly ranSql: string;
}

/** Rows inserted between two reports of progress: a fraction of a second. */
const ROWS_A_REPORT = 100_000;

/** A trace as SQL sees it: the same views for every format, beside the file's own tables. */
export class SqlSurface {
  private readonly filled = new Set<BaseTableId>();

  /** @param engine with all views installed */
  constructor(
    private readonly engine: SqlEngine,
    private readonly tables: QueryTables,
    private readonly views: ReadonlyMap<string, ViewSql>,
    private readonly context: Parameters<typeof prepareStatement>[1],
  ) {
    this.fill(SMALL_TABLES);
  }

  /**
   * Runs one reading statement and gives at most `limit` rows. Rows of the views are inserted the first
   * time a statement names them, which `progress` is told.
   * @throws SqlError with a sentence that says where and, for a mistyped name, what was meant
   */
  query(sql: string, limit?: number, progress?: ReportProgress): SurfaceRows {
    const prepared = this.prepare(sql, progress);
    try {
      return { ...this.rows(prepared.sql, limit), ranSql: prepared.sql };
    } catch (error) {
      throw error instanceof SqlError
        ? explainError(error, sql, prepared.tokens, this.engine)
        : error;
    }
  }

  private rows(sql: string, limit: number | undefined): SqlRows {
    try {
      return this.engine.query(sql, limit);
    } catch (error) {
      if (error instanceof SqlError && INFINITE_VALUE.test(error.message)) {
        replacePercentiles(this.engine);
        return this.engine.query(sql, limit);
      }
      throw error;
    }
  }

  private prepare(sql: string, progress: ReportProgress | undefined): PreparedStatement {
    const prepared = prepareStatement(sql, this.context);
    this.fill(this.neededBy(prepared.tokens), progress);
    return prepared;
  }

  private neededBy(tokens: readonly Token[]): Set<BaseTableId> {
    const needed = new Set<BaseTableId>();
    const names = new Set(tokens.map((token) => nameOf(token).toLowerCase()));
    for (const [name, view] of this.views) {
      if (names.has(name)) {
        view.needs.forEach((id) => needed.add(id));
      }
    }
    for (const [id, table] of baseTables()) {
      if (names.has(table.name)) {
        needed.add(id);
      }
    }
    return needed;
  }

  private fill(ids: Iterable<BaseTableId>, progress?: ReportProgress): void {
    for (const id of ids) {
      if (!this.filled.has(id)) {
        const table: BaseTable = BASE_TABLES[id];
        const count = table.count(this.tables);
        const row = table.rows(this.tables);
        this.engine.insert(table.name, table.columns.length, count, (i) => {
          if (i % ROWS_A_REPORT === 0) {
            progress?.({ stage: `Preparing ${table.name} for SQL`, fraction: i / count });
          }
          return row(i);
        });
        this.filled.add(id);
      }
    }
  }
}

function baseTables(): readonly [BaseTableId, BaseTable][] {
  return Object.entries(BASE_TABLES) as [BaseTableId, BaseTable][];
}

/**
 * Gives an engine the views of `catalogue.ts`, as temporary views over temporary tables: the database in
 * it, the trace's own or an empty one, keeps its tables and their names. A table of the file with the
 * name of a view is still there as `main.<name>`.
 * @param privateValues shows what recorders keep of people and machines; see `hidePrivateValues`
 * @throws SqlError
 */
export function installViews(
  engine: SqlEngine,
  tables: QueryTables,
  privateValues = false,
): SqlSurface {
  registerPercentiles(engine);
  registerDiscretePercentile(engine);
  if (!privateValues) {
    hidePrivateValues(engine, tables.format);
  }
  const events = eventsTable(engine, tables);
  for (const [, table] of baseTables()) {
    engine.run(`CREATE TEMP TABLE ${table.name} (${table.columns.join(', ')})`);
  }
  const views = new Map(viewStatements(tables));
  if (events.view !== undefined) {
    views.set('events', events.view);
  }
  for (const [name, view] of views) {
    engine.run(`CREATE TEMP VIEW ${name} AS ${view.select}`);
  }
  return new SqlSurface(engine, tables, views, events.dialect);
}
