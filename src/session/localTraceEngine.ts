import { callAt } from '../analysis/callAt.js';
import { callDetails } from '../analysis/callDetails.js';
import { dashboard } from '../analysis/dashboard.js';
import { decompose } from '../analysis/decompose.js';
import { explainCall } from '../analysis/explainCall.js';
import type {
  AttributionBasis,
  DecomposeBy,
  TileRequest,
  TimeWindow,
} from '../analysis/results.js';
import { findStalls } from '../analysis/stalls.js';
import { Timeline } from '../analysis/timeline.js';
import { unclassified } from '../analysis/unclassified.js';
import { exportParts } from '../exchange/exportParts.js';
import type { ExportParts, ExportRequest } from '../exchange/exportRequest.js';
import { openTrace } from '../formats/openTrace.js';
import type { FormatReader, TraceSource } from '../formats/reader.js';
import { otherVerdicts } from '../layers/otherVerdicts.js';
import type { RuleSet } from '../layers/rules.js';
import { queryTables } from '../query/tables.js';
import { sourceHints } from '../source/sourceHints.js';
import type { SqlDatabase } from '../sqlite/engine.js';
import { timeKindOf, type LayerLabels, type Trace } from '../trace/index.js';
import { attributedCalls } from './attributedCalls.js';
import { labelTrace, type LabelOptions } from './attribution.js';
import type {
  EngineAttribution,
  ExportStep,
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
  /** The database behind a SQLite trace, ready for an engine; see `QueryData.database`. */
  database(source: TraceSource): Promise<Uint8Array>;
  /** a new one, to be written */
  newDatabase(): Promise<SqlDatabase>;
}

interface Opened {
  readonly trace: Trace;
  readonly labels: LayerLabels;
  readonly basis: AttributionBasis;
  /** those the labels were made with */
  readonly rules: RuleSet;
  readonly inputs: readonly TraceInput[];
  timeline: Timeline | undefined;
}

/** The trace, its labels and the analyses, in the thread it is made in. */
export class LocalTraceEngine implements TraceEngine {
  private opened: Opened | undefined;
  private readonly exports = new Map<number, ExportParts>();
  private lastExport = 0;

  constructor(private readonly runtime: TraceEngineRuntime) {}

  async open(
    request: { inputs: readonly TraceInput[]; attribution?: EngineAttribution },
    options: CallOptions = {},
  ): Promise<TraceSummary> {
    const { inputs, attribution = {} } = request;
    const sources = await this.sources(inputs);
    let trace: Trace;
    try {
      trace = await openTrace(sources, this.runtime.readers, options);
    } finally {
      await Promise.all(sources.map((source) => source.close()));
    }
    options.signal?.throwIfAborted();
    const { labels, basis, rules } = await this.label(trace, attribution, {
      ...options,
      keep: true,
    });
    this.opened = { trace, labels, basis, rules, inputs, timeline: undefined };
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

  async queryData(): Promise<QueryData> {
    const { trace, labels, inputs } = this.current();
    const tables = queryTables(trace, labels, findStalls(trace, labels, { limit: Infinity }));
    const isFile = trace.files.length === 1 && trace.files[0].path === inputs[0]?.path;
    const isDatabase = trace.kept !== undefined || trace.format !== 'kineto';
    if (!isDatabase || inputs.length > 1 || !isFile) {
      // Several files have no database in common: the views hold the events of all of them.
      return { tables, database: null };
    }
    const [source] = await this.sources(inputs);
    try {
      return { tables, database: await this.runtime.database(source) };
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
        : { readers: this.runtime.readers, sources };
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
    formatLabel:
      trace.kept === undefined ? trace.formatLabel : `Layerscope import of ${trace.formatLabel}`,
    spanNs: trace.spanNs,
    originNs: trace.clock.originNs.toString(),
    epoch: trace.clock.epoch,
    ranks: trace.ranks,
    counts: {
      gpu: trace.gpu.count,
      launches: trace.launches.count,
      ranges: trace.ranges.count,
      host: trace.host.count,
    },
    timeKind: timeKindOf(trace),
    report: trace.report,
    markers: trace.markers,
    dashboard: dashboard(trace),
    attribution,
  };
}
