import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TraceOpenError, type Trace } from '../../../src/trace/index.js';
import { makeDatabase, openBytes, openFile, refusalOf } from './reading.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';

const FILES = ['test/fixtures/flat/article_600.db', 'test/fixtures/ingero/plain_0.8.db'];

/** A trace, or the error it is refused with; any other error fails the test. */
async function attempt(bytes: Uint8Array): Promise<Trace | TraceOpenError> {
  try {
    return await openBytes(bytes, 'damaged.db');
  } catch (error) {
    if (error instanceof TraceOpenError) {
      return error;
    }
    throw error;
  }
}

/** What holds of every trace, however damaged its file. */
function expectConsistent(trace: Trace, wholeRows: number): void {
  const { report, gpu, launches, ranges, host } = trace;
  const rows = gpu.count + launches.count + ranges.count + host.count;
  expect(report.rowsRead).toBe(rows);
  expect(report.skipped.reduce((sum, { rows: n }) => sum + n, 0)).toBe(report.rowsInFile - rows);
  expect(rows).toBeLessThanOrEqual(wholeRows);
  for (const table of [gpu, launches, ranges, host]) {
    for (let i = 0; i < table.count; i++) {
      expect(table.start[i] >= 0 && table.duration[i] >= 0).toBe(true);
    }
  }
}

describe.each(FILES)('%s', (file) => {
  const whole = new Uint8Array(readFileSync(file));
  const pageSize = new DataView(whole.buffer, whole.byteOffset).getUint16(16);

  it('cut at every page: the rows before the cut with a warning, or a sentence', async () => {
    const wholeRows = (await openFile(file)).report.rowsRead;
    let partial = 0;
    let refused = 0;
    for (let length = pageSize; length < whole.length; length += pageSize) {
      const result = await attempt(whole.slice(0, length));
      if (result instanceof TraceOpenError) {
        refused++;
        expect(['damaged', 'not-a-trace']).toContain(result.code);
        continue;
      }
      partial++;
      expectConsistent(result, wholeRows);
      expect(result.report.warnings.map(({ code }) => code)).toContain('truncated');
    }
    expect(partial).toBeGreaterThan(2);
    expect(partial + refused).toBe(whole.length / pageSize - 1);
  });

  it('cut inside pages, and inside the header: never anything else', async () => {
    const wholeRows = (await openFile(file)).report.rowsRead;
    for (const length of [
      1,
      15,
      16,
      17,
      50,
      99,
      100,
      101,
      511,
      1000,
      pageSize + 1,
      pageSize * 5 + 77,
    ]) {
      const result = await attempt(whole.slice(0, length));
      if (!(result instanceof TraceOpenError)) {
        expectConsistent(result, wholeRows);
      }
    }
  });

  it('with single pages overwritten, gives the rows of all others', async () => {
    const wholeRows = (await openFile(file)).report.rowsRead;
    let told = 0;
    for (let page = 1; page < whole.length / pageSize; page++) {
      const bytes = whole.slice();
      bytes.fill(0xee, page * pageSize, (page + 1) * pageSize);
      const result = await attempt(bytes);
      if (result instanceof TraceOpenError) {
        expect(result.code).toBe('damaged');
        told++;
      } else {
        expectConsistent(result, wholeRows);
        if (result.report.rowsRead < wholeRows) {
          expect(result.report.warnings.map(({ code }) => code)).toContain('damaged');
          told++;
        }
      }
    }
    expect(told).toBeGreaterThan(3);
  });

  it('with random bytes changed, gives a trace or a sentence', async () => {
    let seed = 99;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 60; round++) {
      const bytes = whole.slice();
      for (let i = 0; i < 1 + random(40); i++) {
        bytes[random(bytes.length)] = random(256);
      }
      const result = await attempt(bytes);
      if (!(result instanceof TraceOpenError)) {
        expect(result.report.rowsRead).toBe(
          result.gpu.count + result.launches.count + result.host.count,
        );
      }
    }
  });
});

describe.each([
  'test/fixtures/rocpd/merged_3.0.2.db',
  'test/fixtures/rocpd/tracks_4.1.db',
  'test/fixtures/rpd/serving.rpd',
])('%s, whose tables refer to one another', (file) => {
  const whole = new Uint8Array(readFileSync(file));
  const pageSize = 4096;

  it('with single pages overwritten, gives what is left and tells the damage', async () => {
    const { rowsInFile } = (await openFile(file)).report;
    let partial = 0;
    for (let page = 1; page < whole.length / pageSize; page++) {
      const bytes = whole.slice();
      bytes.fill(0xee, page * pageSize, (page + 1) * pageSize);
      const result = await attempt(bytes);
      if (result instanceof TraceOpenError) {
        expect(result.code).toBe('damaged');
      } else {
        // Rows of which the category is lost may be read where they would be left out.
        expectConsistent(result, rowsInFile);
        const codes = result.report.warnings.map(({ code }) => code);
        const damaged = codes.includes('damaged') || codes.includes('unreadable-table');
        partial += damaged ? 1 : 0;
        if (result.report.rowsInFile < rowsInFile) {
          expect(damaged).toBe(true);
        }
      }
    }
    expect(partial).toBeGreaterThan(5);
  });

  it('with random bytes changed, gives a trace or a sentence', async () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 60; round++) {
      const bytes = whole.slice();
      for (let i = 0; i < 1 + random(40); i++) {
        bytes[random(bytes.length)] = random(256);
      }
      const result = await attempt(bytes);
      if (!(result instanceof TraceOpenError)) {
        expectConsistent(result, Infinity);
      }
    }
  });
});

it('a leaf page in the middle costs its rows only: those before and after are read', async () => {
  const file = FILES[0];
  const whole = new Uint8Array(readFileSync(file));
  const bytes = whole.slice();
  const pageSize = 4096;
  // The table's leaves hold increasing ids; the eighth page is one of them, in the middle.
  bytes.fill(0, 7 * pageSize, 8 * pageSize);
  const trace = await openBytes(bytes);
  const all = await openFile(file);
  expect(trace.report.rowsRead).toBeLessThan(all.report.rowsRead);
  expect(trace.report.rowsRead).toBeGreaterThan(all.report.rowsRead / 2);
  expect(trace.spanNs).toBe(all.spanNs);
});

describe('a cut file whose index over times is gone', () => {
  it('gives the rows before the cut, at their times', async () => {
    const whole = new Uint8Array(readFileSync('test/fixtures/e2e/hybrid.db'));
    const all = await openBytes(whole, 'hybrid.db');
    const left = await openBytes(whole.slice(0, 74 * 4096), 'hybrid.db');
    expect(left.report.skipped).toEqual([]);
    expect(left.report.warnings.map(({ code }) => code)).toContain('truncated');
    expect(left.gpu.count).toBeGreaterThan(4000);
    expect(left.clock.originNs).toBe(all.clock.originNs);
    expect(left.gpu.start).toEqual(all.gpu.start.slice(0, left.gpu.count));
    expect(left.gpu.duration).toEqual(all.gpu.duration.slice(0, left.gpu.count));
  });
});

describe('numbers that count nothing', () => {
  const changed = async (file: string, statement: string): Promise<Uint8Array> => {
    const db = new (await loadNodeSqlJs()).Database(new Uint8Array(readFileSync(file)));
    db.run(statement);
    return (db as unknown as { export(): Uint8Array }).export();
  };

  it.each(['-1', '-1e308', '0.5', '9223372036854775807', "'many'"])(
    'an Ingero count of %s leaves the sum unknown',
    async (count) => {
      const file = 'test/fixtures/ingero/plain_0.8.db';
      const { report } = await openBytes(
        await changed(file, `UPDATE event_aggregates SET count = ${count} WHERE rowid = 1`),
      );
      expect(report.rowsCounted).toBeNull();
      expect(report.warnings.map(({ code }) => code)).toContain('counts-overwritten');
    },
  );

  it('an Ingero session that started at no time has no time', async () => {
    const { report } = await openBytes(
      await changed(
        'test/fixtures/ingero/future_0.10.db',
        'UPDATE sessions SET started_at = 1e999',
      ),
    );
    expect(report.facts.map(({ name }) => name)).not.toContain('Recording started');
  });

  it('rocpd events with ids below 0 are events without details', async () => {
    const trace = await openBytes(
      await changed(
        'test/fixtures/rocpd/two_guids.db',
        'UPDATE rocpd_event_all SET id = -1e308 - rowid',
      ),
    );
    expect(trace.gpu.count).toBeGreaterThan(0);
  });
});

it('SQLite’s words for damage are shown with what they quote made visible', async () => {
  const bytes = await makeDatabase(
    'CREATE TABLE events(timestamp, name, duration_us)',
    'CREATE TABLE others(first)',
  );
  bytes[Buffer.from(bytes).indexOf('(first')] = 0x1b;
  const { code, message } = await refusalOf(openBytes(bytes));
  expect(code).toBe('damaged');
  expect(message).toContain('unrecognized token: "\\u001b"');
});
