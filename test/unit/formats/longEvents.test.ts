import { describe, expect, it } from 'vitest';
import { makeDatabase, openBytes } from './reading.js';

const events = (...more: string[]): Promise<Uint8Array> =>
  makeDatabase(
    'CREATE TABLE events(timestamp INTEGER, name TEXT, duration_ns INTEGER, source TEXT)',
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199)
     INSERT INTO events SELECT i * 10000000, 'k', 5000, 'gpu' FROM n`,
    ...more,
  );

describe('a duration beyond the span of its trace', () => {
  it('stays and is told, with how many there are', async () => {
    const { report, gpu } = await openBytes(
      await events(
        "INSERT INTO events VALUES (5, 'k', 3600000000000, 'gpu'), (9, 'k', 1990000001, 'gpu')",
      ),
    );
    expect(gpu.count).toBe(202);
    expect(report.warnings).toEqual([
      {
        code: 'beyond-span',
        message:
          '2 GPU events last up to 3.60e+3 s, longer than the first and the last start of the trace lie apart (1.99 s): either they ran throughout, or the times are wrong, and with them the span, the duty cycle and every share.',
        rows: 2,
      },
    ]);
  });

  it('is none where an event lasts as long as the starts lie apart, or few events are there', async () => {
    const whole = await events("INSERT INTO events VALUES (0, 'k', 1990000000, 'gpu')");
    expect((await openBytes(whole)).report.warnings).toEqual([]);
    const few = await makeDatabase(
      'CREATE TABLE events(timestamp INTEGER, name TEXT, duration_ns INTEGER)',
      "INSERT INTO events VALUES (1, 'k', 1000), (2, 'k', 5)",
    );
    expect((await openBytes(few)).report.warnings).toEqual([]);
  });

  it('is none for host events, which waited', async () => {
    const waited = await events("INSERT INTO events VALUES (5, 'sched', 3600000000000, 'host')");
    expect((await openBytes(waited)).report.warnings).toEqual([]);
  });
});
