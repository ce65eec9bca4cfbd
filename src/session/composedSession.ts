import type { DecomposeBy, TileRequest, TimeWindow } from '../analysis/results.js';
import type { EngineAttribution, StartedQueryEngine, TraceEngine, TraceInput } from './engines.js';
import { MOST_RANKS, type RankChoice } from '../formats/ranks/rankChoice.js';
import { compareNames } from '../formats/ranks/rankOfName.js';
import { cancelled } from './rpc.js';
import type {
  AttributionInputs,
  CallChoice,
  CallOptions,
  ExportReport,
  ExportRequest,
  OpenOptions,
  QueryResult,
  TraceSession,
  TraceSummary,
} from './session.js';

/** Where a session's two halves run and how files reach them. */
export interface SessionParts {
  readonly trace: TraceEngine;
  /** Starts a query engine; called at the first query and again after one was cancelled. */
  startQueries(): Promise<StartedQueryEngine>;
  /**
   * What to hand the trace engine for a path: the path itself, or its bytes where it cannot read it.
   *
   * @param unread its bytes are not needed now: where they had to be sent, `unread` of the answer is true
   */
  input(path: string, unread?: boolean): Promise<TraceInput>;
  /** Ends what the parts started. */
  dispose(): void;
  /** Deletes what they put aside; called once both halves have ended. */
  cleanUp?(): Promise<void>;
}

/** A `TraceSession` made of a trace engine and a query engine, wherever they run. */
export class ComposedSession implements TraceSession {
  private queries: Promise<StartedQueryEngine> | undefined;
  /** asked for when the trace was opened */
  private privateValues = false;
  /** files the engine knows by their names only */
  private unread: readonly string[] = [];

  constructor(private readonly parts: SessionParts) {}

  async open(paths: readonly string[], options: OpenOptions = {}): Promise<TraceSummary> {
    const {
      attribution: given,
      ranks = { kind: 'few' },
      found = [],
      unpackLimit,
      privateValues = false,
      ...call
    } = options;
    this.privateValues = privateValues;
    const needed = neededFirst(paths, ranks);
    const inputs = await Promise.all(
      paths.map(async (path): Promise<TraceInput> => {
        const input = await this.parts.input(path, !needed.has(path));
        return found.includes(path) ? { ...input, found: true } : input;
      }),
    );
    this.unread = inputs.flatMap(({ unread, path }) => (unread === true ? path : []));
    const attribution = given === undefined ? {} : await this.forEngine(given);
    call.signal?.throwIfAborted();
    return this.parts.trace.open(
      { inputs, ranks, attribution, ...(unpackLimit === undefined ? {} : { unpackLimit }) },
      call,
    );
  }

  async loadRanks(
    request: { ranks: RankChoice; attribution?: AttributionInputs },
    options?: CallOptions,
  ): Promise<TraceSummary> {
    const { ranks, attribution: given = {} } = request;
    const needed = neededFirst(this.unread, ranks);
    const inputs = await this.inputs(this.unread.filter((path) => needed.has(path)));
    const attribution = await this.forEngine(given);
    options?.signal?.throwIfAborted();
    const summary = await this.parts.trace.loadRanks({ ranks, inputs, attribution }, options);
    this.unread = this.unread.filter((path) => !needed.has(path));
    await this.endQueries();
    return summary;
  }

  /** The query engine holds labels of its own: it is ended, and the next query starts one anew. */
  async reattribute(given: AttributionInputs, options?: CallOptions): Promise<TraceSummary> {
    const attribution = await this.forEngine(given);
    options?.signal?.throwIfAborted();
    const summary = await this.parts.trace.reattribute(attribution, options);
    await this.endQueries();
    return summary;
  }

  decompose(request: { by: DecomposeBy; window?: TimeWindow }, options?: CallOptions) {
    return this.parts.trace.decompose(request, options);
  }

  stalls(
    request: { factor?: number; limit?: number; window?: TimeWindow; layerType?: string },
    options?: CallOptions,
  ) {
    return this.parts.trace.stalls(request, options);
  }

  tiles(request: TileRequest, options?: CallOptions) {
    return this.parts.trace.tiles(request, options);
  }

  call(request: { call: number }, options?: CallOptions) {
    return this.parts.trace.call(request, options);
  }

  explain(request: CallChoice, options?: CallOptions) {
    return this.parts.trace.explain(request, options);
  }

  unclassified(request: { window?: TimeWindow }, options?: CallOptions) {
    return this.parts.trace.unclassified(request, options);
  }

  sourceHints(request: { call: number }, options?: CallOptions) {
    return this.parts.trace.sourceHints(request, options);
  }

  attributed(request: { from: number; count: number; explain?: boolean }, options?: CallOptions) {
    return this.parts.trace.attributed(request, options);
  }

  /**
   * SQLite cannot be interrupted here. A cancelled query ends its engine; the next query
   * starts a fresh one from the trace, which stays open.
   */
  async query(
    request: { sql: string; limit?: number },
    options?: CallOptions,
  ): Promise<QueryResult> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const started = (this.queries ??= this.startQueries(options));
    const answer = started.then(({ engine }) => engine.query(request, progressOf(options)));
    if (signal === undefined) {
      return answer;
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        if (this.queries === started) {
          this.queries = undefined;
        }
        started.then(
          ({ stop }) => stop(),
          () => undefined, // it never started: the query below reports why
        );
        reject(cancelled());
      };
      signal.addEventListener('abort', abort, { once: true });
      answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  async export(
    request: ExportRequest,
    take: (bytes: Uint8Array) => Promise<void>,
    options: CallOptions = {},
  ): Promise<ExportReport> {
    const { trace } = this.parts;
    const { signal, progress } = options;
    const number = await trace.startExport(request, options);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const step = await trace.nextPart({ export: number });
        progress?.({ stage: step.stage, fraction: step.fraction });
        if (step.bytes !== undefined) {
          await take(step.bytes);
        }
        if (step.report !== undefined) {
          return step.report;
        }
      }
    } finally {
      await trace.endExport({ export: number });
    }
  }

  /** Ends both halves at once, whatever they are doing. */
  async close(): Promise<void> {
    const ended = this.endQueries();
    this.parts.dispose();
    await ended;
    await this.parts.cleanUp?.();
  }

  private async endQueries(): Promise<void> {
    const queries = this.queries;
    this.queries = undefined;
    await queries?.then(
      ({ stop }) => stop(),
      () => undefined, // an engine that failed to start needs no stopping; its query said so
    );
  }

  private inputs(paths: readonly string[]): Promise<TraceInput[]> {
    return Promise.all(paths.map((path) => this.parts.input(path)));
  }

  private async forEngine({ companion, ...given }: AttributionInputs): Promise<EngineAttribution> {
    if (companion === undefined) {
      return given;
    }
    try {
      return { ...given, companion: await this.inputs(companion) };
    } catch (error) {
      // Without its companion the trace can still be opened; the summary says what was missing.
      const companionProblem = error instanceof Error ? error.message : String(error);
      return { ...given, companionProblem };
    }
  }

  private async startQueries(options: CallOptions | undefined): Promise<StartedQueryEngine> {
    try {
      options?.progress?.({ stage: 'Preparing the trace for SQL' });
      const data = await this.parts.trace.queryData(undefined, progressOf(options));
      const started = await this.parts.startQueries();
      // Nobody has this engine yet: a cancellation that comes while it loads ends it here.
      const { signal } = options ?? {};
      const stop = () => started.stop();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        await started.engine.load({ ...data, privateValues: this.privateValues });
      } finally {
        signal?.removeEventListener('abort', stop);
      }
      return started;
    } catch (error) {
      this.queries = undefined; // so that the next query tries again
      throw error;
    }
  }
}

/** Files whose bytes a choice may need; of a few, which are told by content, the first by name. */
function neededFirst(paths: readonly string[], ranks: RankChoice): ReadonlySet<string> {
  switch (ranks.kind) {
    case 'all':
    case 'numbers':
      return new Set(paths);
    case 'few': {
      const first = paths.filter((path) => path === ranks.first);
      return new Set([...first, ...[...paths].sort(compareNames)].slice(0, MOST_RANKS));
    }
    case 'paths': {
      // A file of an archive is chosen by a path within it.
      const isChosen = (path: string) => ranks.paths.some((chosen) => chosen.startsWith(path));
      return new Set(paths.filter(isChosen));
    }
  }
}

/** What an engine is told of the options: a query is cancelled by ending its engine. */
function progressOf(options: CallOptions | undefined): CallOptions {
  return options?.progress === undefined ? {} : { progress: options.progress };
}
