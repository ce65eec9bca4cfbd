import { describe, expect, it } from 'vitest';
import type { TraceSummary } from '../../../src/session/session.js';
import type { ToHost, ToView } from '../../../src/session/viewProtocol.js';
import { Store, keptState, restoredState } from '../../../webview/state.js';
import type { SelectedSpan } from '../../../webview/state.js';
import { TraceView } from '../../../webview/traceView.js';

const SUMMARY = {
  spanNs: 60e9,
  originNs: '1790857026000000000',
  run: [],
  markers: [],
  timeKind: 'gpu',
} as unknown as TraceSummary;

function editor(store = new Store()) {
  const sent: ToHost[] = [];
  let deliver: (message: ToView) => void = () => undefined;
  const view = new TraceView(
    { post: (message) => sent.push(message), listen: (receive) => (deliver = receive) },
    store,
  );
  const requests = (name: string) =>
    sent.filter((m) => m.type === 'request').filter((m) => m.name === name);
  const open = () => deliver({ type: 'opened', summary: SUMMARY });
  return { view, store, sent, requests, deliver: (m: ToView) => deliver(m), open };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('kept state', () => {
  it('survives the way through JSON and comes back as it was', () => {
    const store = new Store();
    store.update({
      panel: 'query',
      by: 'kernel',
      sort: { column: 'p99', descending: true },
      window: { startNs: 1e9, endNs: 2e9 },
      viewport: { startNs: 5e9, endNs: 6e9 },
      folds: new Map([
        ['stream 7', true],
        ['cuda:0 counters', false],
      ]),
      sql: 'SELECT 1',
    });
    const kept = keptState(store.state);
    const back = restoredState(JSON.parse(JSON.stringify(kept)) as typeof kept);
    expect(keptState(back)).toEqual(kept);
    expect([...back.folds]).toEqual([...store.state.folds]);
    expect(back.opening.stage).toBe('opening');
  });
});

describe('state kept by an earlier version', () => {
  it('gets the panels that version did not have', () => {
    const kept = keptState(new Store().state);
    const { layers, stalls, query } = kept.splits;
    const back = restoredState({ ...kept, splits: { layers, stalls, query } } as typeof kept);
    expect(back.splits).toEqual(kept.splits);
  });
});

describe('TraceView', () => {
  it('asks for tables and stalls of the kept window once the trace is open', () => {
    const store = new Store();
    store.update({ window: { startNs: 1e9, endNs: 2e9 }, viewport: { startNs: 5e9, endNs: 6e9 } });
    const { open, requests } = editor(store);
    open();
    expect(requests('decompose').map(({ params }) => params)).toEqual([
      { by: 'layer-type', window: { startNs: 1e9, endNs: 2e9 } },
      { by: 'layer-type', window: { startNs: 1e9, endNs: 2e9 } },
    ]);
    expect(store.state.viewport).toEqual({ startNs: 5e9, endNs: 6e9 });
    expect(requests('stalls')).toHaveLength(1);
  });

  it('shows the whole trace at the first opening, and drops a window beyond its end', () => {
    const store = new Store();
    store.update({ window: { startNs: 90e9, endNs: 91e9 } });
    const { open } = editor(store);
    open();
    expect(store.state.viewport).toEqual({ startNs: 0, endNs: 60e9 });
    expect(store.state.window).toBeNull();
  });

  it('keeps the same moments where other ranks make the trace begin earlier', () => {
    const { view, store, open, deliver } = editor();
    open();
    view.setWindow({ startNs: 1e9, endNs: 2e9 });
    view.setViewport({ startNs: 5e9, endNs: 6e9 });
    const wider = { ...SUMMARY, originNs: '1790857025500000000', spanNs: 60.5e9 };
    deliver({ type: 'opened', summary: wider });
    expect(store.state.window).toEqual({ startNs: 1.5e9, endNs: 2.5e9 });
    expect(store.state.viewport).toEqual({ startNs: 5.5e9, endNs: 6.5e9 });
    deliver({ type: 'opened', summary: SUMMARY });
    expect(store.state.window).toEqual({ startNs: 1e9, endNs: 2e9 });
    view.setViewport({ startNs: 0, endNs: 60e9 });
    deliver({ type: 'opened', summary: wider });
    expect(store.state.viewport).toEqual({ startNs: 0, endNs: 60.5e9 });
  });

  it('keeps the old table until the answer of the newest question is there', async () => {
    const { view, open, requests, deliver, store } = editor();
    open();
    const first = requests('decompose')[1];
    deliver({ type: 'answer', id: first.id, result: { by: 'layer-type' } });
    await settled();
    view.setBy('kernel');
    view.setBy('module');
    const [, , kernel, module] = requests('decompose');
    expect(store.state.table).toMatchObject({ value: { by: 'layer-type' }, pending: true });
    deliver({ type: 'answer', id: module.id, result: { by: 'module' } });
    deliver({ type: 'answer', id: kernel.id, result: { by: 'kernel' } });
    await settled();
    expect(store.state.table).toMatchObject({ value: { by: 'module' }, pending: false });
  });

  it('asks what is unclassified only for its panel, and again for another window', () => {
    const { view, open, requests, deliver } = editor();
    open();
    expect(requests('unclassified')).toEqual([]);
    deliver({ type: 'show', view: 'unclassified' });
    view.setPanel('unclassified');
    expect(requests('unclassified').map(({ params }) => params)).toEqual([{}]);
    view.setWindow({ startNs: 1, endNs: 2 });
    view.setPanel('layers');
    view.setWindow(null);
    expect(requests('unclassified').map(({ params }) => params)).toEqual([
      {},
      { window: { startNs: 1, endNs: 2 } },
    ]);
    view.setPanel('unclassified');
    expect(requests('unclassified')).toHaveLength(3);
  });

  it('asks why the selected call has its layer, and forgets it with the selection', async () => {
    const { view, open, requests, deliver, store } = editor();
    open();
    view.select({ kind: 'call', call: 7, startNs: 0, durationNs: 1, merged: 1 });
    const [why] = requests('explain');
    expect(why.params).toEqual({ call: 7 });
    deliver({ type: 'answer', id: why.id, result: { call: 7 } });
    await settled();
    expect(store.state.explanation).toMatchObject({ value: { call: 7 }, pending: false });
    view.select(null);
    expect(store.state.explanation).toEqual({ value: null, pending: false, error: '' });
  });

  it('says what came of a rule', async () => {
    const { view, requests, deliver, store } = editor();
    void view.makeRule('gemm');
    const [made] = requests('makeRule');
    expect(made.params).toEqual({ kernel: 'gemm' });
    deliver({ type: 'answer', id: made.id, result: 'Made.' });
    await settled();
    expect(store.state.notice).toBe('Made.');
  });

  it('keeps the text and the old result where a query fails, with the reason', async () => {
    const { view, requests, deliver, store } = editor();
    view.setSql('SELEC 1');
    void view.runQuery();
    const [query] = requests('query');
    deliver({ type: 'refused', id: query.id, sentence: 'near "SELEC"', cancelled: false });
    await settled();
    expect(store.state.query).toMatchObject({ pending: false, error: 'near "SELEC"' });
    expect(store.state.sql).toBe('SELEC 1');
  });

  it('cancels a running query at the host', async () => {
    const { view, sent, requests, store } = editor();
    view.setSql('SELECT 1');
    void view.runQuery();
    view.cancelQuery();
    await settled();
    expect(sent).toContainEqual({ type: 'cancel', id: requests('query')[0].id });
    expect(store.state.query).toMatchObject({ pending: false, error: 'Cancelled.' });
  });

  it('asks for the code of the selected call, of -1 where none is, and says what the host answers', async () => {
    const { view, open, deliver, requests, store } = editor();
    open();
    deliver({ type: 'goToSelected' });
    expect(requests('goToCode')[0].params).toEqual({ call: -1, cause: 'asked' });
    view.select({ kind: 'call', call: 7, startNs: 0, durationNs: 1, merged: 1 });
    deliver({ type: 'goToSelected' });
    const [, go] = requests('goToCode');
    expect(go.params).toEqual({ call: 7, cause: 'asked' });
    deliver({ type: 'answer', id: go.id, result: 'ep.py is in no folder that is open.' });
    await settled();
    expect(store.state.notice).toBe('ep.py is in no folder that is open.');
  });

  it('puts a call reached by its launch at its own time once the details tell it', async () => {
    const { view, open, deliver, requests, store } = editor();
    open();
    const launch: SelectedSpan = {
      kind: 'span',
      text: 'cudaLaunchKernel',
      level: 'API call',
      group: 'thread 1',
      startNs: 10,
      durationNs: 2,
      typeCode: 0,
    };
    const reached = {
      kind: 'call',
      call: 7,
      startNs: 10,
      durationNs: 2,
      merged: 1,
      launch,
    } as const;
    view.select(reached);
    expect(store.state.selection).toMatchObject({ startNs: 10 });
    const [asked] = requests('call');
    deliver({
      type: 'answer',
      id: asked.id,
      result: { call: 7, start_ns: 500, duration_ns: 40 },
    });
    await settled();
    expect(store.state.selection).toEqual({ ...reached, startNs: 500, durationNs: 40 });
    // Chosen again, the details are there already.
    view.select(reached);
    expect(requests('call')).toHaveLength(1);
    const placed = { ...reached, startNs: 500, durationNs: 40 };
    expect(store.state.selection).toEqual(placed);
    // Shown, it is selected by itself: the timeline goes to its own row.
    view.showCall(placed);
    expect(store.state.selection).toEqual({
      kind: 'call',
      call: 7,
      startNs: 500,
      durationNs: 40,
      merged: 1,
    });
    expect(store.state.viewport.startNs).toBeLessThan(500);
    expect(store.state.viewport.endNs).toBeGreaterThan(540);
  });

  it('follows commands of VS Code', () => {
    const { open, deliver, store, requests } = editor();
    open();
    deliver({ type: 'show', view: 'layers', by: 'kernel' });
    expect(store.state).toMatchObject({ panel: 'layers', by: 'kernel' });
    expect(requests('decompose').at(-1)?.params).toEqual({ by: 'kernel' });
    deliver({ type: 'show', view: 'stalls' });
    expect(store.state.panel).toBe('stalls');
  });
});
