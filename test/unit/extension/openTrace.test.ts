import { describe, expect, it } from 'vitest';
import { OpenTrace, type OpenState } from '../../../src/extension/openTrace.js';
import type { CallOptions, TraceSession, TraceSummary } from '../../../src/session/session.js';
import { TraceOpenError } from '../../../src/trace/index.js';

interface Opening {
  readonly paths: readonly string[];
  readonly options: CallOptions;
  succeed(): void;
  fail(error: Error): void;
}

/** Sessions that open when the test says so. */
function setUp() {
  const openings: Opening[] = [];
  const closed: number[] = [];
  const troubles: unknown[] = [];
  const states: OpenState[] = [];
  let sessions = 0;
  const summary = { format: 'flat' } as TraceSummary;
  const createSession = async () => {
    const number = sessions++;
    const session: Partial<TraceSession> = {
      open: (paths, options = {}) =>
        new Promise((resolve, reject) =>
          openings.push({ paths, options, succeed: () => resolve(summary), fail: reject }),
        ),
      close: async () => void closed.push(number),
    };
    return session as TraceSession;
  };
  const trace = new OpenTrace(['/t/a.db'], createSession, (error) => troubles.push(error));
  trace.onChange((state) => states.push(state));
  return { trace, openings, closed, troubles, states, summary, made: () => sessions };
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
    });
    expect(closed).toEqual([0]);
    expect(troubles).toEqual([]);
    await expect(trace.ready()).rejects.toThrow('not open');
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
});
