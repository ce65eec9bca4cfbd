import { callAt } from '../analysis/callAt.js';
import { callDetails } from '../analysis/callDetails.js';
import { counterFigures } from '../analysis/counterFigures.js';
import { dashboard } from '../analysis/dashboard.js';
import { decompose } from '../analysis/decompose.js';
import { explainCall } from '../analysis/explainCall.js';
import type {
  AttributionBasis,
  DecomposeBy,
  TileRequest,
  TimeWindow,
} from '../analysis/results.js';
import { findStalls, stallColumns } from '../analysis/stalls.js';
import { Timeline } from '../analysis/timeline.js';
import { unclassified } from '../analysis/unclassified.js';
import { exportParts } from '../exchange/exportParts.js';
import type { ExportParts, ExportRequest } from '../exchange/exportRequest.js';
import { cancellable, openRun } from '../formats/openTrace.js';
import { plainDatabase } from '../formats/packedDatabase.js';
import type { RunInput, TraceRun } from '../formats/ranks/traceRun.js';
import type { FormatReader, LargeDatabases, ReadOptions, TraceSource } from '../formats/reader.js';
import { readSqliteDatabase, type SqliteDatabase } from '../formats/sqliteDatabase.js';
import { UnpackAllowance } from '../formats/unpackAllowance.js';
import { otherVerdicts } from '../layers/otherVerdicts.js';
import type { RuleSet } from '../layers/rules.js';
import { hidesValues } from '../query/privateValues.js';
import { queryTables } from '../query/tables.js';
import { sourceHints } from '../source/sourceHints.js';
import type { SqlDatabase } from '../sqlite/engine.js';
import { recordedNs, timeKindOf, type LayerLabels, type Trace } from '../trace/index.js';
import { attributedCalls } from './attributedCalls.js';
import { labelTrace, type LabelOptions } from './attribution.js';
import type {
  EngineAttribution,
  ExportStep,
  LoadRequest,
  OpenRequest,
  QueryData,
  TraceEngine,
  TraceInput,
} from './engines.js';
import { cancelled } from './rpc.js';
import type { CallChoice, CallOptions, TraceSummary } from './session.js';

/** What a host gives the trace engine: its readers and its way to files. */
export interface TraceEngineRuntime {
  readonly readers: readonly FormatReader[];
  source(input: TraceInput): Promise<TraceSource>;
  readonly largeDatabases?: LargeDatabases;
  /** a new one, to be written */
  newDatabase(): Promise<SqlDatabase>;
}

interface Opened {
  readonly trace: Trace;
  readonly labels: LayerLabels;
  readonly basis: AttributionBasis;
  /** those the labels were made with */
  readonly rules: RuleSet;
  /** its files; of the run, those that are loaded and those that are not */
  readonly run: TraceRun;
  readonly inputs: Map<string, TraceInput>;
  timeline: Timeline | undefined;
  /** bytes that packed files of this opening may unpack to; undefined = what their sizes allow */
  readonly unpackLimit: number | undefined;
}

/** A database that stays on disk, made ready for SQL once for all query engines of a trace. */
interface Kept {
  readonly trace: Trace;
  readonly database: SqliteDatabase;
}

/** The trace, its labels and the analyses, in the thread it is made in. */
export class LocalTraceEngine implements TraceEngine {
  private opened: Opened | undefined;
  private kept: Kept | undefined;
  private readonly exports = new Map<number, ExportParts>();
  private lastExport = 0;

  constructor(private readonly runtime: TraceEngineRuntime) {}

  async open(request: OpenRequest, options: CallOptions = {}): Promise<TraceSummary> {
    const { ranks = { kind: 'few' }, attribution = {}, unpackLimit } = request;
    const inputs = new Map(request.inputs.map((input) => [input.path, input]));
    const files = request.inputs.map(({ path, name, found, unread = false }): RunInput => ({
      path,
      name,
      named: found !== true,
      unread,
      open: async () => this.runtime.source(inputs.get(path) ?? { path, name }),
    }));
    const reading = this.reading(options, unpackLimit);
    const { run, trace } = await openRun(files, this.runtime.readers, ranks, reading);
    options.signal?.throwIfAborted();
    const { labels, basis, rules } = await this.label(trace, attribution, {
      ...options,
      keep: true,
    });
    this.opened = { trace, labels, basis, rules, run, inputs, unpackLimit, timeline: undefined };
    return summaryOf(trace, basis);
  }

  async loadRanks(request: LoadRequest, options: CallOptions = {}): Promise<TraceSummary> {
    const opened = this.current();
    for (const input of request.inputs ?? []) {
      opened.inputs.set(input.path, input);
    }
    const reading = this.reading(options, opened.unpackLimit);
    const trace = await cancellable(reading, () => opened.run.load(request.ranks, reading));
    const { labels, basis, rules } = await this.label(trace, request.attribution ?? {}, {
      ...options,
      keep: true,
    });
    if (this.opened?.run !== opened.run) {
      throw cancelled(); // another trace was opened meanwhile
    }
    this.opened = { ...opened, trace, labels, basis, rules, timeline: undefined };
    return summaryOf(trace, basis);
  }

  async reattribute(
    attribution: EngineAttribution,
    options: CallOptions = {},
  ): Promise<TraceSummary> {
    const opened = this.current();
    const { labels, basis, rules } = await this.label(opened.trace, attribution, options);
    if (this.opened?.trace !== opened.trace) {
      throw cancelled(); // another trace was opened meanwhile
    }
    this.opened = { ...opened, labels, basis, rules, timeline: undefined };
    return summaryOf(opened.trace, basis);
  }

  async decompose(request: { by: DecomposeBy; window?: TimeWindow }) {
    const { trace, labels } = this.current();
    return decompose(trace, labels, request);
  }

  async stalls(request: {
    factor?: number;
    limit?: number;
    window?: TimeWindow;
    layerType?: string;
  }) {
    const { trace, labels } = this.current();
    return findStalls(trace, labels, request);
  }

  async tiles(request: TileRequest) {
    const opened = this.current();
    opened.timeline ??= new Timeline(opened.trace, opened.labels);
    return opened.timeline.tiles(request);
  }

  async call(request: { call: number }) {
    const { trace, labels } = this.current();
    return callDetails(trace, labels, request.call);
  }

  async explain(request: CallChoice) {
    const { trace, labels, rules } = this.current();
    const { call, note } =
      'call' in request ? { call: request.call, note: '' } : callAt(trace, request.at_us);
    // A call the trace does not have is refused by explainCall, with its sentence.
    const others = call in labels.type ? otherVerdicts(trace, labels, call, rules) : [];
    return explainCall(trace, labels, call, others, note);
  }

  async unclassified(request: { window?: TimeWindow }) {
    const { trace, labels } = this.current();
    return unclassified(trace, labels, request);
  }

  async sourceHints(request: { call: number }) {
    const { trace, labels } = this.current();
    return sourceHints(trace, labels, request.call);
  }

  async attributed(request: { from: number; count: number; explain?: boolean }) {
    const { trace, labels } = this.current();
    return attributedCalls(trace, labels, request.from, request.count, request.explain);
  }

  async queryData(_request?: undefined, options: CallOptions = {}): Promise<QueryData> {
    const { trace, labels, inputs } = this.current();
    const tables = queryTables(trace, labels, stallColumns(trace, labels));
    const own = trace.files.length === 1 ? inputs.get(trace.files[0].path) : undefined;
    const isDatabase = trace.kept !== undefined || trace.format !== 'kineto';
    if (!isDatabase || own === undefined) {
      // Several files have no database in common: the views hold the events of all of them.
      return { tables, database: null };
    }
    return { tables, database: (await this.database(trace, own, options)).place };
  }

  /** The trace's own database, for SQL; see `QueryData.database`. */
  private async database(
    trace: Trace,
    own: TraceInput,
    options: CallOptions,
  ): Promise<SqliteDatabase> {
    if (this.kept !== undefined && this.kept.trace === trace) {
      return this.kept.database;
    }
    await this.kept?.database.release();
    this.kept = undefined;
    const source = await this.runtime.source(own);
    try {
      // It is open: what it unpacks to was allowed.
      const reading = this.reading(options, Infinity);
      const plain = await plainDatabase(source, reading);
      const database = await readSqliteDatabase(plain, reading, hidesValues(trace.format));
      if (!(database.place instanceof Uint8Array)) {
        this.kept = { trace, database }; // bytes are read again rather than held a second time
      }
      return database;
    } finally {
      await source.close();
    }
  }

  async startExport(request: ExportRequest): Promise<number> {
    const { trace, labels, basis } = this.current();
    const database = request.to === 'database' ? await this.runtime.newDatabase() : null;
    const number = ++this.lastExport;
    this.exports.set(number, exportParts({ trace, labels, basis }, request, database));
    return number;
  }

  async nextPart(request: { export: number }): Promise<ExportStep> {
    const parts = this.exports.get(request.export);
    if (parts === undefined) {
      throw new Error('That export has ended.');
    }
    const step = parts.next();
    return step.done === true ? { stage: '', fraction: 1, report: step.value } : step.value;
  }

  async endExport(request: { export: number }): Promise<void> {
    this.exports.get(request.export)?.return({ rows: [], notes: [] });
    this.exports.delete(request.export);
  }

  /** @param unpackLimit bytes; undefined = of each file what its size allows */
  private reading(options: CallOptions, unpackLimit: number | undefined): ReadOptions {
    const { largeDatabases } = this.runtime;
    return {
      ...options,
      ...(largeDatabases !== undefined && { largeDatabases }),
      ...(unpackLimit !== undefined && { unpacking: new UnpackAllowance(unpackLimit) }),
    };
  }

  private label(trace: Trace, attribution: EngineAttribution, options: LabelOptions) {
    const { companion = [], companionProblem, ...given } = attribution;
    const sources = async () => {
      if (companionProblem !== undefined) {
        throw new Error(companionProblem);
      }
      return this.sources(companion);
    };
    const reading =
      companion.length === 0 && companionProblem === undefined
        ? null
        : { readers: this.runtime.readers, sources, reading: this.reading({}, undefined) };
    return labelTrace(trace, given, reading, options);
  }

  private async sources(inputs: readonly TraceInput[]): Promise<TraceSource[]> {
    const opened: TraceSource[] = [];
    try {
      for (const input of inputs) {
        opened.push(await this.runtime.source(input));
      }
    } catch (error) {
      await Promise.all(opened.map((source) => source.close()));
      throw error;
    }
    return opened;
  }

  private current(): Opened {
    if (this.opened === undefined) {
      throw new Error('No trace is open in this session.');
    }
    return this.opened;
  }
}

function summaryOf(trace: Trace, attribution: AttributionBasis): TraceSummary {
  return {
    files: trace.files,
    format: trace.kept === undefined ? trace.format : 'layerscope',
    recordedFormat: trace.format,
    formatLabel:
      trace.kept === undefined ? trace.formatLabel : `Layerscope import of ${trace.formatLabel}`,
    spanNs: trace.spanNs,
    recordedNs: recordedNs(trace),
    originNs: trace.clock.originNs.toString(),
    epoch: trace.clock.epoch,
    ranks: trace.ranks,
    run: trace.run ?? [],
    counts: {
      gpu: trace.gpu.count,
      launches: trace.launches.count,
      ranges: trace.ranges.count,
      host: trace.host.count,
    },
    timeKind: timeKindOf(trace),
    counters: trace.counters.map(counterFigures),
    report: trace.report,
    markers: trace.markers,
    dashboard: dashboard(trace),
    attribution,
  };
}
