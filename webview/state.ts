import type {
  CallDetails,
  CallExplanation,
  DecomposeBy,
  Decomposition,
  StallList,
  TimeWindow,
  UnclassifiedList,
} from '../src/analysis/results.js';
import type { QueryResult, TraceSummary } from '../src/session/session.js';
import type { SavedQuery } from '../src/session/viewProtocol.js';
import type { Progress } from '../src/trace/index.js';
import type { Sort } from './sorting.js';

/** The part of the trace the timeline shows, ns from the trace's start. */
export type Viewport = TimeWindow;

/** Something asked for: the last answer stays until the next one is there. */
export interface Loaded<T> {
  readonly value: T | null;
  readonly pending: boolean;
  /** why the newest question has no answer; '' where it has, or is on its way */
  readonly error: string;
}
export const NOTHING_LOADED: Loaded<never> = { value: null, pending: false, error: '' };

/** Where the trace stands. */
export type Opening =
  | { readonly stage: 'opening'; readonly name: string; readonly progress: Progress }
  | {
      readonly stage: 'failed';
      readonly sentence: string;
      readonly looksLike: string;
      readonly tables: readonly string[];
      readonly unpacksLarge: boolean;
    }
  | { readonly stage: 'opened'; readonly summary: TraceSummary };

/** A box of the timeline that is no call: a step, a layer, a module, a range, a counter's value. */
export interface SelectedSpan {
  readonly kind: 'span';
  readonly text: string;
  readonly level: string;
  readonly group: string;
  readonly startNs: number;
  readonly durationNs: number;
  readonly typeCode: number;
  /** "97 %": of a counter, which has no duration but holds its value */
  readonly value?: string;
}

/** A call that is measured. */
export interface SelectedCall {
  readonly kind: 'call';
  readonly call: number;
  readonly startNs: number;
  readonly durationNs: number;
  /** calls the clicked box stands for; 1 = this call alone */
  readonly merged: number;
  /** the API call that was chosen, where that led to the first call it launched */
  readonly launch?: SelectedSpan;
}

export type Selection =
  SelectedCall | SelectedSpan | { readonly kind: 'marker'; readonly index: number };

export type Panel = 'layers' | 'stalls' | 'unclassified' | 'query';

/** Everything the views show. The one home of state: views render it and call `TraceView`. */
export interface ViewState {
  readonly opening: Opening;
  readonly panel: Panel;
  readonly by: DecomposeBy;
  readonly sort: Sort;
  /** interval the tables are made of; null = the whole trace */
  readonly window: TimeWindow | null;
  readonly viewport: Viewport;
  /** key of the layer type the stalls and the timeline are narrowed to; '' = all */
  readonly layerFilter: string;
  /** the decomposition behind the header: always by layer type */
  readonly layerTypes: Loaded<Decomposition>;
  readonly table: Loaded<Decomposition>;
  readonly stalls: Loaded<StallList>;
  /** what has no layer type; asked for when its panel is shown */
  readonly unclassified: Loaded<UnclassifiedList>;
  readonly unclassifiedSort: Sort;
  /** times the typical duration from which a call is a stall; null = the engine's default */
  readonly factor: number | null;
  readonly selection: Selection | null;
  readonly details: Loaded<CallDetails>;
  /** why the selected call has its layer */
  readonly explanation: Loaded<CallExplanation>;
  /** whether the details, where they lie below the timeline, are folded to their heading */
  readonly detailsFolded: boolean;
  readonly sql: string;
  readonly query: Loaded<QueryResult>;
  readonly savedQueries: readonly SavedQuery[];
  /** share of the height below the header that each panel has above the timeline, 0 to 1 */
  readonly splits: Readonly<Record<Panel, number>>;
  /** headings of the timeline that were folded (true) or opened by hand; others stand as they do at first */
  readonly folds: ReadonlyMap<string, boolean>;
  /** what the last action had to say; '' = nothing */
  readonly notice: string;
}

export const FIRST_SQL = `SELECT layer_type, count(*) AS calls,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us) AS p50_us,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_us) AS p99_us
FROM calls
GROUP BY layer_type
ORDER BY p99_us DESC`;

export function initialState(): ViewState {
  return {
    opening: { stage: 'opening', name: '', progress: { stage: 'Opening' } },
    panel: 'layers',
    by: 'layer-type',
    sort: { column: '', descending: true },
    window: null,
    viewport: { startNs: 0, endNs: 1 },
    layerFilter: '',
    layerTypes: NOTHING_LOADED,
    table: NOTHING_LOADED,
    stalls: NOTHING_LOADED,
    unclassified: NOTHING_LOADED,
    unclassifiedSort: { column: '', descending: true },
    factor: null,
    selection: null,
    details: NOTHING_LOADED,
    explanation: NOTHING_LOADED,
    detailsFolded: false,
    sql: FIRST_SQL,
    query: NOTHING_LOADED,
    savedQueries: [],
    // A statement and its rows need more room than a table of a dozen layer types.
    splits: { layers: 0.42, stalls: 0.42, unclassified: 0.42, query: 0.68 },
    folds: new Map(),
    notice: '',
  };
}

/** What a hidden tab finds again. Plain data; `vscode.setState` stores it. */
export interface KeptState {
  readonly panel: Panel;
  readonly by: DecomposeBy;
  readonly sort: Sort;
  readonly window: TimeWindow | null;
  readonly viewport: Viewport;
  readonly layerFilter: string;
  readonly factor: number | null;
  readonly sql: string;
  readonly splits: Readonly<Record<Panel, number>>;
  readonly folds: readonly (readonly [string, boolean])[];
}

export function keptState(state: ViewState): KeptState {
  const { panel, by, sort, window, viewport, layerFilter, factor, sql, splits, folds } = state;
  return {
    panel,
    by,
    sort,
    window,
    viewport,
    layerFilter,
    factor,
    sql,
    splits,
    folds: [...folds],
  };
}

/** The state with what was kept put back; the trace itself is asked for again. */
export function restoredState(kept: KeptState | undefined): ViewState {
  const state = initialState();
  if (kept === undefined) {
    return state;
  }
  // What an earlier version kept may lack a panel.
  const splits = { ...state.splits, ...kept.splits };
  return { ...state, ...kept, splits, folds: new Map(kept.folds) };
}

type Listener = (state: ViewState) => void;

/** Holds the state and tells who listens. */
export class Store {
  private readonly listeners = new Set<Listener>();

  constructor(private current: ViewState = initialState()) {}

  get state(): ViewState {
    return this.current;
  }

  update(patch: Partial<ViewState>): void {
    this.current = { ...this.current, ...patch };
    for (const listener of this.listeners) {
      listener(this.current);
    }
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
