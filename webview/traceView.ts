import type { DecomposeBy, TimeWindow } from '../src/analysis/results.js';
import type {
  GoToCodeCause,
  ToView,
  ViewName,
  ViewRequestName,
} from '../src/session/viewProtocol.js';
import { Host, LatestRequest, RefusedError } from './host.js';
import type { MessagePath } from './host.js';
import { NOTHING_LOADED } from './state.js';
import type { Store } from './state.js';
import type { Loaded, Panel, SelectedCall, Selection, ViewState, Viewport } from './state.js';
import { clampViewport, frame } from './timeline/viewport.js';

const STALL_LIMIT = 200;
const QUERY_ROW_LIMIT = 100_000;

/** What a person does in the trace editor, as functions: each changes the state or asks the host. */
export class TraceView {
  readonly host: Host;
  private readonly layerTypes: LatestRequest<'decompose'>;
  private readonly table: LatestRequest<'decompose'>;
  private readonly stalls: LatestRequest<'stalls'>;
  private readonly details: LatestRequest<'call'>;
  private readonly explanation: LatestRequest<'explain'>;
  private readonly unclassified: LatestRequest<'unclassified'>;
  private readonly query: LatestRequest<'query'>;
  private readonly timelineFocus = new Set<() => void>();

  constructor(
    path: MessagePath,
    readonly store: Store,
  ) {
    this.host = new Host(path, (event) => this.receive(event));
    this.layerTypes = new LatestRequest(this.host, 'decompose');
    this.table = new LatestRequest(this.host, 'decompose');
    this.stalls = new LatestRequest(this.host, 'stalls');
    this.details = new LatestRequest(this.host, 'call');
    this.explanation = new LatestRequest(this.host, 'explain');
    this.unclassified = new LatestRequest(this.host, 'unclassified');
    this.query = new LatestRequest(this.host, 'query');
  }

  get state(): ViewState {
    return this.store.state;
  }

  /** ns; 1 while no trace is open. */
  get spanNs(): number {
    const { opening } = this.state;
    return opening.stage === 'opened' ? Math.max(opening.summary.spanNs, 1) : 1;
  }

  start(): void {
    this.host.tell({ type: 'ready' });
  }

  // What tables are made of

  setBy(by: DecomposeBy): void {
    if (by !== this.state.by) {
      this.store.update({ by, sort: { column: '', descending: true } });
    }
    void this.loadTable();
  }

  setWindow(window: TimeWindow | null): void {
    this.store.update({ window });
    void this.loadLayerTypes();
    void this.loadTable();
    void this.loadStalls();
    this.loadUnclassifiedWhenShown();
  }

  setLayerFilter(layerFilter: string): void {
    this.store.update({ layerFilter });
    void this.loadStalls();
  }

  setFactor(factor: number | null): void {
    this.store.update({ factor });
    void this.loadStalls();
  }

  setPanel(panel: Panel): void {
    const before = this.state.panel;
    this.store.update({ panel });
    if (panel !== before) {
      this.loadUnclassifiedWhenShown();
    }
  }

  setUnclassifiedSort(unclassifiedSort: ViewState['sort']): void {
    this.store.update({ unclassifiedSort });
  }

  setSort(sort: ViewState['sort']): void {
    this.store.update({ sort });
  }

  // The timeline

  setViewport(viewport: Viewport): void {
    this.store.update({ viewport: clampViewport(viewport, this.spanNs) });
  }

  /** Shows an interval with room on both sides. */
  showInterval(startNs: number, durationNs: number): void {
    this.setViewport(frame(startNs, durationNs, this.spanNs));
  }

  /** Shows a selected call; one that was reached by its launch is selected by itself from then on. */
  showCall({ call, startNs, durationNs, launch }: SelectedCall): void {
    if (launch !== undefined) {
      this.store.update({ selection: { kind: 'call', call, startNs, durationNs, merged: 1 } });
    }
    this.showInterval(startNs, durationNs);
  }

  setFold(group: string, folded: boolean): void {
    this.store.update({ folds: new Map(this.state.folds).set(group, folded) });
  }

  select(selection: Selection | null): void {
    const before = this.state.selection;
    this.store.update({ selection });
    if (selection?.kind !== 'call') {
      this.details.cancel();
      this.explanation.cancel();
      this.store.update({ details: NOTHING_LOADED, explanation: NOTHING_LOADED });
    } else if (before?.kind !== 'call' || before.call !== selection.call) {
      void this.load(this.details, 'details', { call: selection.call }).then(() =>
        this.placeLaunched(),
      );
      void this.load(this.explanation, 'explanation', { call: selection.call });
    } else {
      this.placeLaunched();
    }
  }

  /** Puts a call that was reached by its launch at its own time, as its details tell it. */
  private placeLaunched(): void {
    const { selection, details } = this.state;
    if (selection?.kind !== 'call' || details.value?.call !== selection.call) {
      return;
    }
    const { start_ns: startNs, duration_ns: durationNs } = details.value;
    if (startNs !== selection.startNs || durationNs !== selection.durationNs) {
      this.store.update({ selection: { ...selection, startNs, durationNs } });
    }
  }

  foldDetails(detailsFolded: boolean): void {
    this.store.update({ detailsFolded });
  }

  /** Gives the panel that is shown another share of the height. */
  setSplit(split: number): void {
    const { panel, splits } = this.state;
    this.store.update({ splits: { ...splits, [panel]: Math.min(0.85, Math.max(0.12, split)) } });
  }

  /** @returns a function that ends it */
  onTimelineFocus(focus: () => void): () => void {
    this.timelineFocus.add(focus);
    return () => this.timelineFocus.delete(focus);
  }

  // Code

  /** Opens the code of a call; says where it could not. */
  async goToCode(call: number, cause: GoToCodeCause = 'asked'): Promise<void> {
    await this.say(this.host.request('goToCode', { call, cause }));
  }

  async goToFrame(file: string, line: number, symbol: string): Promise<void> {
    await this.say(this.host.request('goToFrame', { file, line, symbol }));
  }

  /** Writes a rule for a kernel where the workspace keeps its own, and opens it; says what came of it. */
  async makeRule(kernel: string): Promise<void> {
    await this.say(this.host.request('makeRule', { kernel }));
  }

  setNotice(notice: string): void {
    this.store.update({ notice });
  }

  // SQL

  setSql(sql: string): void {
    this.store.update({ sql });
  }

  async runQuery(): Promise<void> {
    const sql = this.state.sql;
    if (sql.trim() === '') {
      return;
    }
    await this.load(this.query, 'query', { sql, limit: QUERY_ROW_LIMIT });
  }

  cancelQuery(): void {
    this.query.cancel();
    this.store.update({ query: { ...this.state.query, pending: false, error: 'Cancelled.' } });
  }

  /** Copies text through the host and says so. */
  async copy(text: string, what: string): Promise<void> {
    await this.say(this.host.request('copy', { text }).then(() => `Copied ${what}.`));
  }

  /** Saves text through the host's dialog and says where. */
  async save(suggestedName: string, text: string): Promise<void> {
    await this.say(
      this.host
        .request('save', { suggestedName, text })
        .then((path) => (path === '' ? '' : `Saved ${path}.`)),
    );
  }

  private async say(sentence: Promise<string>): Promise<void> {
    try {
      this.store.update({ notice: await sentence });
    } catch (error) {
      this.store.update({ notice: sentenceOf(error) });
    }
  }

  // From the host

  private receive(event: Exclude<ToView, { type: 'answer' } | { type: 'refused' }>): void {
    switch (event.type) {
      case 'opening':
        this.store.update({
          opening: { stage: 'opening', name: event.name, progress: event.progress },
        });
        break;
      case 'failed':
        this.store.update({
          opening: {
            stage: 'failed',
            sentence: event.sentence,
            looksLike: event.looksLike,
            tables: event.tables,
            unpacksLarge: event.unpacksLarge,
          },
        });
        break;
      case 'opened':
        this.opened(event);
        break;
      case 'show':
        this.show(event.view, event.by);
        break;
      case 'goToSelected':
        this.goToSelected();
        break;
    }
  }

  private opened(event: Extract<ToView, { type: 'opened' }>): void {
    const { summary } = event;
    const span = Math.max(summary.spanNs, 1);
    const { opening } = this.state;
    const before = opening.stage === 'opened' ? opening.summary : summary;
    // With other ranks loaded the trace may begin at another time: the same moments stay in view.
    const movedNs = Number(BigInt(before.originNs) - BigInt(summary.originNs));
    const viewport = moved(this.state.viewport, movedNs);
    const window = this.state.window && moved(this.state.window, movedNs);
    const whole =
      this.state.viewport.startNs <= 0 && this.state.viewport.endNs >= Math.max(before.spanNs, 1);
    // A viewport of [0, 1) is the initial one; one kept from an earlier visit is taken up again.
    const fresh = whole || viewport.endNs <= 1 || viewport.startNs >= span;
    this.store.update({
      opening: { stage: 'opened', summary },
      viewport: fresh ? { startNs: 0, endNs: span } : clampViewport(viewport, span),
      window: window !== null && window.startNs < span && window.endNs > 0 ? window : null,
      selection: null,
      details: NOTHING_LOADED,
      explanation: NOTHING_LOADED,
      query: NOTHING_LOADED, // its rows may carry labels of before
    });
    void this.loadLayerTypes();
    void this.loadTable();
    void this.loadStalls();
    this.loadUnclassifiedWhenShown();
    void this.loadSavedQueries();
  }

  private show(view: ViewName, by: DecomposeBy | undefined): void {
    if (view === 'timeline') {
      for (const focus of this.timelineFocus) {
        focus();
      }
      return;
    }
    this.setPanel(view);
    if (by !== undefined) {
      this.setBy(by);
    }
  }

  private goToSelected(): void {
    const { selection } = this.state;
    // With -1, for nothing selected, the host asks which layer is meant.
    void this.goToCode(selection?.kind === 'call' ? selection.call : -1);
  }

  private windowParam(): { window?: TimeWindow } {
    const { window } = this.state;
    return window === null ? {} : { window };
  }

  private loadLayerTypes(): Promise<void> {
    return this.load(this.layerTypes, 'layerTypes', { by: 'layer-type', ...this.windowParam() });
  }

  private loadTable(): Promise<void> {
    return this.load(this.table, 'table', { by: this.state.by, ...this.windowParam() });
  }

  private loadStalls(): Promise<void> {
    const { factor, layerFilter } = this.state;
    return this.load(this.stalls, 'stalls', {
      limit: STALL_LIMIT,
      ...(factor === null ? {} : { factor }),
      ...(layerFilter === '' ? {} : { layerType: layerFilter }),
      ...this.windowParam(),
    });
  }

  /** A list of a million calls is not made for a panel nobody looks at. */
  private loadUnclassifiedWhenShown(): void {
    if (this.state.panel === 'unclassified') {
      void this.load(this.unclassified, 'unclassified', this.windowParam());
    }
  }

  private async loadSavedQueries(): Promise<void> {
    try {
      this.store.update({ savedQueries: await this.host.request('savedQueries', {}) });
    } catch (error) {
      this.setNotice(`The saved queries could not be read. ${sentenceOf(error)}`);
    }
  }

  /** Asks, keeps the old answer until the new one is there, and puts either it or the reason in place. */
  private async load<K extends ViewRequestName, P extends LoadedPart>(
    request: LatestRequest<K>,
    part: P,
    params: Parameters<LatestRequest<K>['ask']>[0],
  ): Promise<void> {
    this.put(part, { ...this.state[part], pending: true, error: '' });
    try {
      const value = await request.ask(params);
      if (value !== undefined) {
        this.put(part, { value, pending: false, error: '' });
      }
    } catch (error) {
      this.put(part, { ...this.state[part], pending: false, error: sentenceOf(error) });
    }
  }

  private put(part: LoadedPart, loaded: Loaded<unknown>): void {
    this.store.update({ [part]: loaded });
  }
}

type LoadedPart =
  'layerTypes' | 'table' | 'stalls' | 'unclassified' | 'details' | 'explanation' | 'query';

/** What a person reads of an error; what is no refusal is a defect of ours and says so. */
export function sentenceOf(error: unknown): string {
  if (error instanceof RefusedError) {
    return error.message;
  }
  return `Layerscope failed: ${error instanceof Error ? error.message : String(error)}`;
}

function moved({ startNs, endNs }: TimeWindow, ns: number): TimeWindow {
  return { startNs: startNs + ns, endNs: endNs + ns };
}
