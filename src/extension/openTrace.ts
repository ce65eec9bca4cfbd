import { isCancellation } from '../session/rpc.js';
import type {
  AttributionInputs,
  CallOptions,
  OpenOptions,
  RankChoice,
  TraceSession,
  TraceSummary,
} from '../session/session.js';
import { TraceOpenError, type Progress } from '../trace/index.js';

/** What a user may want of an opening. */
export type OpeningWishes = Pick<OpenOptions, 'unpackLimit' | 'privateValues'>;

/** How far the opening of a trace got. */
export type OpenState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening'; readonly progress: Progress }
  | { readonly kind: 'opened'; readonly summary: TraceSummary }
  | {
      readonly kind: 'failed';
      /** what the user reads */
      readonly sentence: string;
      readonly looksLike: string;
      readonly tables: readonly string[];
      /** it was not opened because it unpacks to much: the user may want that */
      readonly unpacksLarge: boolean;
    };

/**
 * One trace and the session that reads it, shared by every editor that shows it. A failed or
 * cancelled opening ends its session: the next attempt starts with a fresh one, because a worker
 * that ran out of memory answers nothing any more.
 */
export class OpenTrace {
  state: OpenState = { kind: 'closed' };
  private session: Promise<TraceSession> | undefined;
  private opening: AbortController | undefined;
  /** a labelling or a choice of ranks that is under way */
  private changing: AbortController | undefined;
  /** a choice of ranks that is under way; it ends however it ends */
  private loading: Promise<void> | undefined;
  private ranks: RankChoice = { kind: 'few' };
  private readonly listeners = new Set<(state: OpenState) => void>();

  /**
   * @param createSession gives a session that can read `paths`
   * @param onTrouble is told of errors that no user has to act on
   * @param attribution what else the layers are to be told by, asked for at each labelling
   * @param wishes what the settings say of opening, asked for at each
   */
  constructor(
    private paths: readonly string[],
    private readonly createSession: () => Promise<TraceSession>,
    private readonly onTrouble: (error: unknown) => void,
    private readonly attribution: () => Promise<AttributionInputs> = async () => ({}),
    private readonly wishes: () => OpeningWishes = () => ({}),
  ) {}

  /** Files of the run, the one that was opened first; which ranks are loaded is in the summary. */
  get files(): readonly string[] {
    return this.paths;
  }

  /** Calls `listener` at every change of state until the answer is called. */
  onChange(listener: (state: OpenState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Starts opening unless it is open, failed, or on its way. */
  ensureOpening(paths: readonly string[] = this.paths, ranks?: RankChoice): void {
    if (this.state.kind === 'closed') {
      void this.open(paths, ranks);
    }
  }

  /** Opens the same again. @param wishes as in `open` */
  reopen(wishes: OpeningWishes = {}): Promise<void> {
    return this.open(this.paths, this.ranks, wishes);
  }

  /**
   * Opens `paths` in place of what was open: the first was opened by the user, the others lie with it.
   * Ends with the state 'opened' or 'failed', never throws.
   * @param wishes beyond the settings, for this opening only
   */
  async open(
    paths: readonly string[],
    ranks: RankChoice = { kind: 'few', first: paths[0] },
    wishes: OpeningWishes = {},
  ): Promise<void> {
    this.ranks = ranks;
    this.opening?.abort();
    const opening = new AbortController();
    this.opening = opening;
    this.endSession();
    this.paths = paths;
    this.change({ kind: 'opening', progress: { stage: 'Starting' } });
    // A newer attempt, or dispose, replaced this one: what it still has to say interests no one.
    const current = () => this.opening === opening;
    try {
      const session = this.createSession();
      this.session = session;
      const opened = await session;
      const attribution = await this.attribution();
      const summary = await opened.open(paths, {
        attribution,
        ...this.wishes(),
        ...wishes,
        ranks,
        found: paths.slice(1),
        signal: opening.signal,
        progress: (progress) => {
          if (current() && !opening.signal.aborted) {
            this.change({ kind: 'opening', progress });
          }
        },
      });
      if (current()) {
        this.change({ kind: 'opened', summary });
      }
    } catch (error) {
      if (current()) {
        this.endSession();
        this.change(failureOf(error, opening.signal.aborted));
        if (!(error instanceof TraceOpenError) && !isCancellation(error)) {
          this.onTrouble(error);
        }
      }
    }
  }

  /**
   * Tells the layers of the open trace anew. A newer call replaces one that is under way. One that
   * was cancelled leaves everything as it was and does not throw.
   *
   * @throws Error with a sentence where the trace is not open or the labels could not be made
   */
  async reattribute(options: CallOptions = {}): Promise<void> {
    if (this.loading !== undefined) {
      // The ranks are not given up for their labels; those they come with may be of before.
      await this.loading;
    }
    await this.changeOpened(options, async (session, call) =>
      session.reattribute(await this.attribution(), call),
    );
  }

  /**
   * Loads other ranks of the open run. One that was cancelled leaves everything as it was and does not
   * throw.
   *
   * @throws Error with a sentence where the trace is not open or a rank cannot be read
   */
  async loadRanks(ranks: RankChoice, options: CallOptions = {}): Promise<void> {
    const loaded = this.changeOpened(options, async (session, call) => {
      const attribution = await this.attribution();
      const summary = await session.loadRanks({ ranks, attribution }, call);
      this.ranks = ranks;
      return summary;
    });
    const loading = loaded.catch(() => undefined);
    this.loading = loading;
    try {
      await loaded;
    } finally {
      this.loading = this.loading === loading ? undefined : this.loading;
    }
  }

  private async changeOpened(
    options: CallOptions,
    act: (session: TraceSession, call: CallOptions) => Promise<TraceSummary>,
  ): Promise<void> {
    this.changing?.abort();
    const mine = new AbortController();
    this.changing = mine;
    const signal =
      options.signal === undefined ? mine.signal : AbortSignal.any([mine.signal, options.signal]);
    const asked = this.session;
    try {
      const summary = await act(await this.ready(), { ...options, signal });
      if (this.session === asked && this.state.kind === 'opened') {
        this.change({ kind: 'opened', summary });
      }
    } catch (error) {
      if (!signal.aborted && !isCancellation(error)) {
        throw error;
      }
    }
  }

  /** Stops an opening that is under way; the state becomes 'failed' and says that it was cancelled. */
  cancelOpening(): void {
    if (this.state.kind !== 'opening' || this.opening === undefined) {
      return;
    }
    this.opening.abort();
    this.opening = undefined; // at once, even where the engine is deep in a loop
    this.endSession();
    this.change(failureOf(undefined, true));
  }

  /** The session of the open trace. @throws Error with a sentence where it is not open */
  async ready(): Promise<TraceSession> {
    if (this.state.kind !== 'opened' || this.session === undefined) {
      throw new Error('The trace is not open yet.');
    }
    return this.session;
  }

  dispose(): void {
    this.opening?.abort();
    this.opening = undefined;
    this.listeners.clear();
    this.endSession();
    this.state = { kind: 'closed' };
  }

  private endSession(): void {
    const session = this.session;
    this.session = undefined;
    session?.then((ended) => ended.close()).catch(this.onTrouble);
  }

  private change(state: OpenState): void {
    this.state = state;
    for (const listener of this.listeners) {
      listener(state);
    }
  }
}

function failureOf(error: unknown, cancelled: boolean): OpenState {
  const failed = { kind: 'failed', looksLike: '', tables: [], unpacksLarge: false } as const;
  if (cancelled || isCancellation(error)) {
    return { ...failed, sentence: 'Opening was cancelled.' };
  }
  if (error instanceof TraceOpenError) {
    const { code, message, looksLike, tables } = error;
    const unpacksLarge = code === 'unpacks-large';
    return { ...failed, sentence: message, looksLike, tables, unpacksLarge };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { ...failed, sentence: `The trace could not be opened: ${reason}` };
}
