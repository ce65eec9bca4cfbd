import { installViews, type SqlSurface } from '../query/views.js';
import type { DatabasePlace, SqlEngine } from '../sqlite/engine.js';
import type { QueryData, QueryEngine } from './engines.js';
import type { CallOptions, QueryResult } from './session.js';

/** Rows a query gives when the request does not say; the result says when more existed. */
const DEFAULT_ROW_LIMIT = 100_000;

/** Runs people's SQL over the views, in the thread it is made in. */
export class LocalQueryEngine implements QueryEngine {
  private engine: SqlEngine | undefined;
  private surface: SqlSurface | undefined;

  /** @param openEngine an engine over a database, or over an empty one */
  constructor(
    private readonly openEngine: (database: DatabasePlace | null) => Promise<SqlEngine>,
  ) {}

  async load(data: QueryData): Promise<void> {
    this.close();
    this.engine = await this.openEngine(data.database);
    this.surface = installViews(this.engine, data.tables, data.privateValues);
  }

  async query(
    request: { sql: string; limit?: number },
    { progress }: CallOptions = {},
  ): Promise<QueryResult> {
    if (this.surface === undefined) {
      throw new Error('The trace is not ready for SQL yet.');
    }
    const began = performance.now();
    const rows = this.surface.query(request.sql, request.limit ?? DEFAULT_ROW_LIMIT, progress);
    return { ...rows, elapsedMs: performance.now() - began };
  }

  close(): void {
    this.engine?.close();
    this.engine = undefined;
    this.surface = undefined;
  }
}
