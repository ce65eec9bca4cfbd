import type { ExportReport, ExportRequest } from '../exchange/exportRequest.js';
import type { RankChoice } from '../formats/ranks/rankChoice.js';
import type { DatabasePlace } from '../sqlite/engine.js';
import type { QueryTables } from '../query/tables.js';
import type {
  AttributionInputs,
  CallOptions,
  QueryResult,
  TraceSession,
  TraceSummary,
} from './session.js';

/** A file to open: read from `path` where the engine can, else its bytes are given. */
export interface TraceInput {
  readonly path: string;
  readonly name: string;
  readonly bytes?: Uint8Array;
  /** nobody named it, it lay in a folder: what is no trace is then left out, and said */
  readonly found?: boolean;
  /** its bytes were not sent: it is listed by its name until it is chosen */
  readonly unread?: boolean;
  /** files beside it ("-wal") as bytes; only with `bytes` */
  readonly companions?: readonly { readonly suffix: string; readonly bytes: Uint8Array }[];
}

/** Attribution inputs as they reach the engine: files as it can read them. */
export interface EngineAttribution extends Omit<AttributionInputs, 'companion'> {
  readonly companion?: readonly TraceInput[];
  /** why the companion's files cannot be handed over, as a sentence */
  readonly companionProblem?: string;
}

/** What a query engine works on. */
export interface QueryData {
  /** shares the trace's own arrays: posting copies them, nobody may move or change them */
  readonly tables: QueryTables;
  /** the trace's own database, write-ahead log merged; null where the trace is no SQLite file */
  readonly database: DatabasePlace | null;
  /** the user asked for what is private in the file's own tables */
  readonly privateValues?: boolean;
}

/** Files of a run to open, and how. */
export interface OpenRequest {
  readonly inputs: readonly TraceInput[];
  readonly ranks?: RankChoice;
  readonly attribution?: EngineAttribution;
  /** see `OpenOptions` */
  readonly unpackLimit?: number;
}

/** Ranks of the open run to have loaded. */
export interface LoadRequest {
  readonly ranks: RankChoice;
  /** files that were unread, with their bytes */
  readonly inputs?: readonly TraceInput[];
  readonly attribution?: EngineAttribution;
}

/** The half of a session that holds the trace: in a worker under VS Code. */
export interface TraceEngine extends Omit<
  TraceSession,
  'open' | 'loadRanks' | 'reattribute' | 'query' | 'export' | 'close'
> {
  open(request: OpenRequest, options?: CallOptions): Promise<TraceSummary>;
  loadRanks(request: LoadRequest, options?: CallOptions): Promise<TraceSummary>;
  reattribute(inputs: EngineAttribution, options?: CallOptions): Promise<TraceSummary>;
  queryData(request: undefined, options?: CallOptions): Promise<QueryData>;
  /** Begins to write the open trace; the number stands for it until its end. */
  startExport(request: ExportRequest, options?: CallOptions): Promise<number>;
  nextPart(request: { export: number }, options?: CallOptions): Promise<ExportStep>;
  /** Gives an export up, if it has not come to its end. */
  endExport(request: { export: number }, options?: CallOptions): Promise<void>;
}

/** What one step of an export gives. */
export interface ExportStep {
  readonly bytes?: Uint8Array;
  readonly stage: string;
  /** 0 to 1 */
  readonly fraction: number;
  /** only at the end */
  readonly report?: ExportReport;
}

/** The half that runs people's SQL. It cannot be interrupted, so it has a worker that can be ended. */
export interface QueryEngine {
  load(data: QueryData, options?: CallOptions): Promise<void>;
  query(request: { sql: string; limit?: number }, options?: CallOptions): Promise<QueryResult>;
}

/** A query engine and the way to end it, even while it is running a statement. */
export interface StartedQueryEngine {
  readonly engine: QueryEngine;
  stop(): void;
}

export const TRACE_ENGINE_METHODS = [
  'open',
  'loadRanks',
  'reattribute',
  'decompose',
  'stalls',
  'tiles',
  'call',
  'explain',
  'unclassified',
  'sourceHints',
  'attributed',
  'queryData',
  'startExport',
  'nextPart',
  'endExport',
] as const;
/** Those whose results own their typed arrays, which then move instead of being copied. */
export const MOVING_METHODS = ['tiles', 'nextPart'] as const;
export const QUERY_ENGINE_METHODS = ['load', 'query'] as const;
