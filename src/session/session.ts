import type {
  AttributionBasis,
  CallDetails,
  CallExplanation,
  CounterFigures,
  DashboardView,
  DecomposeBy,
  Decomposition,
  StallList,
  TileRequest,
  TileSet,
  TimeWindow,
  UnclassifiedList,
} from '../analysis/results.js';
import type { ExportReport, ExportRequest } from '../exchange/exportRequest.js';
import type { RankChoice } from '../formats/ranks/rankChoice.js';
import type { RuleSource } from '../layers/ownRules.js';
import type { SourceHint } from '../source/hint.js';
import type { SqlRows } from '../sqlite/engine.js';
import type {
  FormatId,
  Marker,
  Rank,
  RecordedFormat,
  RankFile,
  ReportProgress,
  TimeKind,
  TraceFile,
  TraceReport,
} from '../trace/index.js';

export type { ExportReport, ExportRequest, RankChoice, SourceHint };

/** What is known of a trace once it is open; plain data. */
export interface TraceSummary {
  readonly files: readonly TraceFile[];
  readonly format: FormatId;
  /** what recorded it, also where it was read from an import */
  readonly recordedFormat: RecordedFormat;
  readonly formatLabel: string;
  readonly spanNs: number;
  /** the span without the time in which no recorder ran */
  readonly recordedNs: number;
  /** absolute time of 0, ns, as decimal text (bigint does not cross the message path) */
  readonly originNs: string;
  readonly epoch: 'unix' | 'session';
  readonly ranks: readonly Rank[];
  /** every file of the run, in order of ranks, loaded or not; empty where only one file was given */
  readonly run: readonly RankFile[];
  readonly counts: {
    readonly gpu: number;
    readonly launches: number;
    readonly ranges: number;
    readonly host: number;
  };
  readonly timeKind: TimeKind;
  /** tracks of samples, by rank and device */
  readonly counters: readonly CounterFigures[];
  readonly report: TraceReport;
  readonly markers: readonly Marker[];
  readonly dashboard: DashboardView;
  readonly attribution: AttributionBasis;
}

/** What else there is to tell layers by, besides the trace; plain data. */
export interface AttributionInputs {
  /** text of the model's configuration, or of a pattern of one's own */
  readonly model?: string;
  /** where that text was read from, to be shown */
  readonly modelPath?: string;
  /** nobody chose the configuration: it lay beside the trace */
  readonly modelFound?: boolean;
  /** files of another trace of the same model that has more evidence: one, or one a rank */
  readonly companion?: readonly string[];
  /** rules that come before the built-in ones; of two sources the first decides */
  readonly rules?: readonly RuleSource[];
  /** nobody chose the rules for this trace: they lay near it, or are settings */
  readonly rulesFound?: boolean;
}

/** One line of `layerscope attribute`. */
export interface AttributedCall {
  /** µs as in the file, 3 decimals, exact */
  readonly ts_us: string;
  readonly dur_us: string;
  readonly device: string;
  readonly stream: string;
  readonly name: string;
  readonly layer_type: string;
  readonly layer_index: string;
  readonly module: string;
  readonly method: string;
  /** its number, or its label where the number does not tell it; only where the trace has several */
  readonly rank?: string;
  /** the rule that decided, or why the call stayed unclassified; only where it was asked for */
  readonly rule?: string;
  /** what was looked at: launch, module, frame, operator; only where it was asked for */
  readonly why?: string;
}

/** A call by its index in the measured columns, or by its time in µs as the file states it, as text. */
export type CallChoice = { readonly call: number } | { readonly at_us: string };

/** The result of a query; bigint values are decimal text in `bigints` columns. */
export interface QueryResult extends SqlRows {
  readonly elapsedMs: number;
  /** the statement SQLite ran, where the dialect changed it */
  readonly ranSql: string;
}

export interface CallOptions {
  readonly progress?: ReportProgress;
  readonly signal?: AbortSignal;
}

export interface OpenOptions extends CallOptions {
  readonly attribution?: AttributionInputs;
  /** which ranks of several are read; without it a few, see `RankChoice` */
  readonly ranks?: RankChoice;
  /** paths that nobody named, which lay in a folder: what is no trace among them is left out */
  readonly found?: readonly string[];
  /** bytes that packed files may unpack to, all together; left out: what their sizes allow */
  readonly unpackLimit?: number;
  /** SQL shows environments, command lines, host and user names that the recorder kept */
  readonly privateValues?: boolean;
}

/**
 * One open trace behind one interface: in a worker under VS Code, in-process in the CLI. The
 * requests are plain data in, plain data or typed arrays out.
 */
export interface TraceSession {
  /** Opens one trace: one file, or the files of several ranks of one run. @throws TraceOpenError */
  open(paths: readonly string[], options?: OpenOptions): Promise<TraceSummary>;
  /**
   * Reads other ranks of the open run: those that are loaded already are not read again, those that are
   * not chosen any more are let go. All labels and figures are made anew.
   *
   * @throws TraceOpenError, and the trace stays as it was
   */
  loadRanks(
    request: { ranks: RankChoice; attribution?: AttributionInputs },
    options?: CallOptions,
  ): Promise<TraceSummary>;
  /**
   * Tells the layers of the open trace anew, by other inputs; what was labelled before is replaced
   * everywhere, in SQL too. The trace is not read again.
   */
  reattribute(inputs: AttributionInputs, options?: CallOptions): Promise<TraceSummary>;
  decompose(
    request: { by: DecomposeBy; window?: TimeWindow },
    options?: CallOptions,
  ): Promise<Decomposition>;
  stalls(
    request: { factor?: number; limit?: number; window?: TimeWindow; layerType?: string },
    options?: CallOptions,
  ): Promise<StallList>;
  tiles(request: TileRequest, options?: CallOptions): Promise<TileSet>;
  call(request: { call: number }, options?: CallOptions): Promise<CallDetails>;
  /** Why a call has its layer. @throws NoSuchCallError */
  explain(request: CallChoice, options?: CallOptions): Promise<CallExplanation>;
  /** What is left without a layer type, by name. */
  unclassified(request: { window?: TimeWindow }, options?: CallOptions): Promise<UnclassifiedList>;
  sourceHints(request: { call: number }, options?: CallOptions): Promise<readonly SourceHint[]>;
  /** Runs one statement; cancelled within 200 ms by its signal, the trace stays open. @throws SqlError */
  query(request: { sql: string; limit?: number }, options?: CallOptions): Promise<QueryResult>;
  /** `count` attributed calls from `from` on, in time order; with `explain` each says why. */
  attributed(
    request: { from: number; count: number; explain?: boolean },
    options?: CallOptions,
  ): Promise<readonly AttributedCall[]>;
  /**
   * Writes the open trace for other programs, or as a database of its own.
   * @param take gets the bytes piece by piece; the next piece is made when it is done with one
   */
  export(
    request: ExportRequest,
    take: (bytes: Uint8Array) => Promise<void>,
    options?: CallOptions,
  ): Promise<ExportReport>;
  close(): Promise<void>;
}
