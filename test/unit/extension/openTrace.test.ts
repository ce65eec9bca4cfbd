import { describe, expect, it } from 'vitest';
import { OpenTrace, type OpenState } from '../../../src/extension/openTrace.js';
import type {
  AttributionInputs,
  CallOptions,
  OpenOptions,
  RankChoice,
  TraceSession,
  TraceSummary,
} from '../../../src/session/session.js';
import { TraceOpenError } from '../../../src/trace/index.js';

interface Labelling {
  readonly inputs: AttributionInputs;
  readonly options: CallOptions;
  succeed(): void;
  fail(error: Error): void;
}

interface Loading extends Labelling {
  readonly ranks: RankChoice;
}

interface Opening {
  readonly paths: readonly string[];
  readonly options: OpenOptions;
  succeed(): void;
  fail(error: Error): void;
}

/** Sessions that open when the test says so. */
function setUp() {
  const openings: Opening[] = [];
  const labellings: Labelling[] = [];
  const loadings: Loading[] = [];
  let inputs: AttributionInputs = {};
  const closed: number[] = [];
  const troubles: unknown[] = [];
  const states: OpenState[] = [];
  let sessions = 0;
  const summary = { format: 'flat' } as TraceSummary;
  const relabelled = { format: 'flat', spanNs: 1 } as TraceSummary;
  const createSession = async () => {
    const number = sessions++;
    const session: Partial<TraceSession> = {
      open: (paths, options = {}) =>
        new Promise((resolve, reject) =>
          openings.push({ paths, options, succeed: () => resolve(summary), fail: reject }),
        ),
      reattribute: (given, options = {}) =>
        new Promise((resolve, reject) =>
          labellings.push({
            inputs: given,
            options,
            succeed: () => resolve(relabelled),
            fail: reject,
          }),
        ),
      loadRanks: ({ ranks, attribution = {} }, options = {}) =>
        new Promise((resolve, reject) =>
          loadings.push({
            ranks,
            inputs: attribution,
            options,
            succeed: () => resolve(relabelled),
            fail: reject,
          }),
        ),
      close: async () => void closed.push(number),
    };
    return session as TraceSession;
  };
  const trace = new OpenTrace(
    ['/t/a.db'],
    createSession,
    (error) => troubles.push(error),
    async () => inputs,
  );
  trace.onChange((state) => states.push(state));
  const give = (given: AttributionInputs) => (inputs = given);
  return {
    give,
    labellings,
    loadings,
    relabelled,
    trace,
    openings,
    closed,
    troubles,
    states,
    summary,
    made: () => sessions,
  };
}

/** Lets what is already settled take effect. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('OpenTrace', () => {
  it('opens once for any number of editors and passes progress on', async () => {
    const { trace, openings, states, summary, made } = setUp();
    trace.ensureOpening();
    trace.ensureOpening();
    await settle();
    openings[0].options.progress?.({ stage: 'Reading events', fraction: 0.5 });
    openings[0].succeed();
    await settle();
    trace.ensureOpening();
    expect(made()).toBe(1);
    expect(openings[0].paths).toEqual(['/t/a.db']);
    expect(states).toEqual([
      { kind: 'opening', progress: { stage: 'Starting' } },
      { kind: 'opening', progress: { stage: 'Reading events', fraction: 0.5 } },
      { kind: 'opened', summary },
    ]);
    await expect(trace.ready()).resolves.toBeDefined();
  });

  it('keeps the sentence, the likeness and the tables of a file that is no trace', async () => {
    const { trace, openings, closed, troubles } = setUp();
    trace.ensureOpening();
    await settle();
    openings[0].fail(
      new TraceOpenError(
        'not-a-trace',
        'a.db is a SQLite database without events.',
        'a browser history',
        ['urls'],
      ),
    );
    await settle();
    expect(trace.state).toEqual({
      kind: 'failed',
      sentence: 'a.db is a SQLite database without events.',
      looksLike: 'a browser history',
      tables: ['urls'],
      unpacksLarge: false,
    });
    expect(closed).toEqual([0]);
    expect(troubles).toEqual([]);
    await expect(trace.ready()).rejects.toThrow('not open');
  });

  it('opens what unpacks to much when asked to, this once', async () => {
    const { trace, openings } = setUp();
    trace.ensureOpening();
    await settle();
    expect(openings[0].options.unpackLimit).toBeUndefined();
    const asks = 'bomb.json.gz (1 MiB) states that it unpacks to 3 GiB.';
    openings[0].fail(new TraceOpenError('unpacks-large', asks));
    await settle();
    expect(trace.state).toMatchObject({ kind: 'failed', sentence: asks, unpacksLarge: true });
    void trace.reopen({ unpackLimit: Infinity });
    await settle();
    expect(openings[1].options.unpackLimit).toBe(Infinity);
    openings[1].succeed();
    await settle();
    expect(trace.state.kind).toBe('opened');
    void trace.open(trace.files);
    await settle();
    expect(openings[2].options.unpackLimit).toBeUndefined();
  });

  it('cancels at once, and drops what the engine still says', async () => {
    const { trace, openings, closed, states } = setUp();
    trace.ensureOpening();
    await settle();
    trace.cancelOpening();
    expect(openings[0].options.signal?.aborted).toBe(true);
    expect(trace.state).toMatchObject({ kind: 'failed', sentence: 'Opening was cancelled.' });
    const before = states.length;
    openings[0].options.progress?.({ stage: 'Reading on' });
    openings[0].succeed();
    await settle();
    expect(states.length).toBe(before);
    expect(closed).toEqual([0]);
  });

  it('tries again with a fresh session after a crash, and reports the crash', async () => {
    const { trace, openings, closed, troubles, summary } = setUp();
    trace.ensureOpening();
    await settle();
    openings[0].fail(new Error('The trace engine stopped.'));
    await settle();
    expect(trace.state).toMatchObject({ kind: 'failed' });
    expect(troubles).toHaveLength(1);
    void trace.open(['/t/a.db', '/t/b.db']);
    await settle();
    openings[1].succeed();
    await settle();
    expect(trace.state).toEqual({ kind: 'opened', summary });
    expect(trace.files).toEqual(['/t/a.db', '/t/b.db']);
    expect(closed).toEqual([0]);
  });

  it('ends the session of an opening that a newer one replaced', async () => {
    const { trace, openings, closed } = setUp();
    trace.ensureOpening();
    await settle();
    void trace.open(['/t/a.db', '/t/b.db']);
    await settle();
    openings[0].succeed();
    await settle();
    expect(trace.state.kind).toBe('opening');
    openings[1].succeed();
    await settle();
    expect(trace.state.kind).toBe('opened');
    expect(closed).toEqual([0]);
    trace.dispose();
    await settle();
    expect(closed).toEqual([0, 1]);
  });

  it('labels by what is given at each opening, and anew without opening again', async () => {
    const { trace, give, openings, labellings, states, relabelled, made } = setUp();
    give({ model: 'A' });
    trace.ensureOpening();
    await settle();
    expect(openings[0].options.attribution).toEqual({ model: 'A' });
    await expect(trace.reattribute()).rejects.toThrow('not open');
    openings[0].succeed();
    await settle();
    give({ model: 'B' });
    const labelled = trace.reattribute();
    await settle();
    expect(labellings[0].inputs).toEqual({ model: 'B' });
    labellings[0].succeed();
    await labelled;
    expect(states.at(-1)).toEqual({ kind: 'opened', summary: relabelled });
    expect(made()).toBe(1);
  });

  it('keeps the labels it has where new ones fail or are cancelled', async () => {
    const { trace, openings, labellings, summary } = setUp();
    trace.ensureOpening();
    await settle();
    openings[0].succeed();
    await settle();
    const failing = trace.reattribute();
    await settle();
    labellings[0].fail(new Error('out of memory'));
    await expect(failing).rejects.toThrow('out of memory');
    const cancel = new AbortController();
    const cancelled = trace.reattribute({ signal: cancel.signal });
    await settle();
    cancel.abort();
    expect(labellings[1].options.signal?.aborted).toBe(true);
    labellings[1].fail(new DOMException('Cancelled.', 'AbortError'));
    await cancelled;
    expect(trace.state).toEqual({ kind: 'opened', summary });
  });

  it('drops a labelling that a newer one or a newer opening replaced', async () => {
    const { trace, openings, labellings } = setUp();
    trace.ensureOpening();
    await settle();
    openings[0].succeed();
    await settle();
    const first = trace.reattribute();
    await settle();
    const second = trace.reattribute();
    await settle();
    expect(labellings[0].options.signal?.aborted).toBe(true);
    labellings[0].fail(new DOMException('Cancelled.', 'AbortError'));
    await first;
    void trace.open(['/t/a.db']);
    await settle();
    labellings[1].succeed();
    await second;
    expect(trace.state.kind).toBe('opening');
  });
});

describe('the ranks of an open run', () => {
  const opened = async (made: ReturnType<typeof setUp>) => {
    const run = ['/t/rank1.json', '/t/rank0.json'];
    void made.trace.open(run);
    await settle();
    made.openings[0].succeed();
    await settle();
    return made;
  };
  const ranks: RankChoice = { kind: 'paths', paths: ['/t/rank0.json'] };

  it('are a few at first, with the one that was opened, which alone was named', async () => {
    const { openings } = await opened(setUp());
    expect(openings[0].options.ranks).toEqual({ kind: 'few', first: '/t/rank1.json' });
    expect(openings[0].options.found).toEqual(['/t/rank0.json']);
  });

  it('change by a choice, with the labels’ inputs of now, and are opened so again', async () => {
    const { trace, give, loadings, openings, states, relabelled } = await opened(setUp());
    give({ model: 'of now' });
    const loaded = trace.loadRanks(ranks);
    await settle();
    expect(loadings[0]).toMatchObject({ ranks, inputs: { model: 'of now' } });
    loadings[0].succeed();
    await loaded;
    expect(states.at(-1)).toEqual({ kind: 'opened', summary: relabelled });
    void trace.reopen();
    await settle();
    expect(openings[1].options.ranks).toEqual(ranks);
  });

  it('stay as they were where it failed or was cancelled', async () => {
    const { trace, loadings, states } = await opened(setUp());
    const before = states.length;
    const failing = trace.loadRanks(ranks);
    await settle();
    loadings[0].fail(new TraceOpenError('damaged', 'rank0.json is damaged.'));
    await expect(failing).rejects.toThrow('rank0.json is damaged.');
    const cancel = new AbortController();
    const cancelled = trace.loadRanks(ranks, { signal: cancel.signal });
    await settle();
    cancel.abort();
    expect(loadings[1].options.signal?.aborted).toBe(true);
    loadings[1].fail(new DOMException('Cancelled.', 'AbortError'));
    await cancelled;
    expect(states.length).toBe(before);
    expect(trace.state.kind).toBe('opened');
  });

  it('are not given up for new rules: these are told once the ranks are there', async () => {
    const { trace, loadings, labellings } = await opened(setUp());
    const loaded = trace.loadRanks(ranks);
    await settle();
    const labelled = trace.reattribute();
    await settle();
    expect(loadings[0].options.signal?.aborted).toBe(false);
    expect(labellings).toEqual([]);
    loadings[0].succeed();
    await loaded;
    await settle();
    labellings[0].succeed();
    await labelled;
  });
});
