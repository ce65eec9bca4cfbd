import { installViews, type SqlSurface } from '../query/views.js';
import type { SqlEngine } from '../sqlite/engine.js';
import type { QueryData, QueryEngine } from './engines.js';
import type { QueryResult } from './session.js';

/** Rows a query gives when the request does not say; the result says when more existed. */
const DEFAULT_ROW_LIMIT = 100_000;

/** Runs people's SQL over the views, in the thread it is made in. */
export class LocalQueryEngine implements QueryEngine {
  private engine: SqlEngine | undefined;
  private surface: SqlSurface | undefined;

  /** @param openEngine an engine over a database's bytes, or over an empty one */
  constructor(private readonly openEngine: (database: Uint8Array | null) => Promise<SqlEngine>) {}

  async load(data: QueryData): Promise<void> {
    this.engine?.close();
    this.engine = await this.openEngine(data.database);
    this.surface = installViews(this.engine, data.tables, data.privateValues);
  }

  async query(request: { sql: string; limit?: number }): Promise<QueryResult> {
    if (this.surface === undefined) {
      throw new Error('The trace is not ready for SQL yet.');
    }
    const began = performance.now();
    const rows = this.surface.query(request.sql, request.limit ?? DEFAULT_ROW_LIMIT);
    return { ...rows, elapsedMs: performance.now() - began };
  }
}
