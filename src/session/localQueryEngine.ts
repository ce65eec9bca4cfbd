import { prepareStatement } from '../query/dialect.js';
import { installViews } from '../query/views.js';
import { registerPercentiles } from '../sqlite/percentiles.js';
import type { SqlEngine } from '../sqlite/engine.js';
import type { QueryData, QueryEngine } from './engines.js';
import type { QueryResult } from './session.js';

/** Rows a query gives when the request does not say; the result says when more existed. */
const DEFAULT_ROW_LIMIT = 100_000;

/** Runs people's SQL over the views, in the thread it is made in. */
export class LocalQueryEngine implements QueryEngine {
  private engine: SqlEngine | undefined;

  /** @param openEngine an engine over a database's bytes, or over an empty one */
  constructor(private readonly openEngine: (database: Uint8Array | null) => Promise<SqlEngine>) {}

  async load(data: QueryData): Promise<void> {
    this.engine?.close();
    const engine = await this.openEngine(data.database);
    registerPercentiles(engine);
    installViews(engine, data.tables);
    this.engine = engine;
  }

  async query(request: { sql: string; limit?: number }): Promise<QueryResult> {
    if (this.engine === undefined) {
      throw new Error('The trace is not ready for SQL yet.');
    }
    const began = performance.now();
    const { sql } = prepareStatement(request.sql, this.engine);
    const rows = this.engine.query(sql, request.limit ?? DEFAULT_ROW_LIMIT);
    return { ...rows, elapsedMs: performance.now() - began, ranSql: sql };
  }
}
