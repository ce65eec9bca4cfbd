import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSavedQuery } from '../../src/query/savedQueries.js';
import { createNodeSession } from '../../src/session/nodeSession.js';
import type { TraceSession } from '../../src/session/session.js';
import type { SqlEngine, SqlValue } from '../../src/sqlite/engine.js';
import { immutableCopy } from './immutableCopy.js';
import { percentileOfSorted } from '../../src/trace/index.js';

const TRACES = '../shared/traces';
const ARTICLE = `SELECT name, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us) AS p50,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_us) AS p99
FROM events WHERE source='cuda' GROUP BY name ORDER BY p99 DESC LIMIT 20`;
/** ms; machines that do much else read a large trace slowly */
const OPENING = 600_000;
const SAVED = readdirSync('queries').map((name) =>
  parseSavedQuery(name, readFileSync(`queries/${name}`, 'utf8')),
);

/** The article's answer, computed without SQL. */
function articleAnswer(durations: ReadonlyMap<string, number[]>): SqlValue[][] {
  const rows = [...durations].map(([name, values]) => {
    const sorted = Float64Array.from(values).sort();
    return [name, sorted.length, percentileOfSorted(sorted, 0.5), percentileOfSorted(sorted, 0.99)];
  });
  return rows.sort((a, b) => Number(b[3]) - Number(a[3])).slice(0, 20);
}

/** Rows that are equal up to the last bits of a double; ties of p99 may stand in any order. */
function expectRows(actual: readonly (readonly SqlValue[])[], expected: readonly SqlValue[][]) {
  expect(actual.map((row) => Number(row[3]))).toEqual(
    expected.map((row) => expect.closeTo(Number(row[3]), 6)),
  );
  const byName = (a: readonly SqlValue[], b: readonly SqlValue[]) =>
    String(a[0]) < String(b[0]) ? -1 : 1;
  const least = Number(expected[expected.length - 1]?.[3] ?? 0);
  const clear = (rows: readonly (readonly SqlValue[])[]) =>
    rows.filter((row) => Number(row[3]) > least + 1e-6).toSorted(byName);
  expect(clear(actual)).toEqual(
    clear(expected).map((row) => [
      row[0],
      row[1],
      ...row.slice(2).map((v) => expect.closeTo(Number(v), 6)),
    ]),
  );
}

function grouped(rows: Iterable<readonly [name: string, duration: number]>): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [name, duration] of rows) {
    const group = groups.get(name);
    if (group === undefined) {
      groups.set(name, [duration]);
    } else {
      group.push(duration);
    }
  }
  return groups;
}

/** ns of a decimal number of µs, without a double in between. */
function nanoseconds(microseconds: string): bigint {
  const [whole, fraction = ''] = microseconds.split('.');
  return BigInt(whole) * 1000n + BigInt(fraction.padEnd(3, '0'));
}

async function opened(...files: string[]): Promise<TraceSession> {
  const session = createNodeSession();
  await session.open(files.map((file) => `${TRACES}/${file}`));
  return session;
}

const rowsOf = async (session: TraceSession, sql: string) => (await session.query({ sql })).rows;

describe('the flat table of the article', () => {
  let session: TraceSession;
  let plain: SqlEngine;
  beforeAll(async () => {
    session = await opened('article/hybrid.db');
    plain = await immutableCopy(`${TRACES}/article/hybrid.db`);
  }, OPENING);
  afterAll(() => session.close());

  it('answers the article’s statement as a computation over its rows does', async () => {
    const rows = plain.query("SELECT name, duration_us FROM events WHERE source = 'cuda'").rows;
    const expected = articleAnswer(grouped(rows.map(([n, d]) => [String(n), Number(d)])));
    expect(expected).toHaveLength(10);
    expectRows(await rowsOf(session, ARTICLE), expected);
  });

  it('serves its own rows unchanged, 64-bit times included', async () => {
    const sql = 'SELECT * FROM events ORDER BY id';
    const result = await session.query({ sql });
    const original = plain.query(sql);
    expect(result.columns).toEqual(original.columns);
    expect(result.rows).toEqual(original.rows);
    expect(typeof result.rows[0][1]).toBe('bigint');
  });

  it('has every GPU row in kernels and every other in host_events', async () => {
    const [[gpu, gpuUs, host, hostUs]] = plain.query(
      "SELECT sum(source = 'cuda'), sum(duration_us) FILTER (WHERE source = 'cuda'), sum(source <> 'cuda'), sum(duration_us) FILTER (WHERE source <> 'cuda') FROM events",
    ).rows;
    const [kernels] = await rowsOf(session, 'SELECT count(*), sum(duration_us) FROM kernels');
    expect(kernels).toEqual([gpu, expect.closeTo(Number(gpuUs), 3)]);
    const [events] = await rowsOf(session, 'SELECT count(*), sum(duration_us) FROM host_events');
    expect(events).toEqual([host, expect.closeTo(Number(hostUs), 3)]);
  });

  it('gives kernels the exact times of their rows', async () => {
    const [[least]] = plain.query('SELECT min(timestamp) FROM events').rows;
    const starts = plain
      .query(
        `SELECT timestamp - ${least}, duration_us FROM events WHERE source = 'cuda' ORDER BY 1, 2 DESC`,
      )
      .rows.map(([start]) => start);
    const views = await rowsOf(session, 'SELECT start_ns FROM kernels ORDER BY id');
    expect(views.map(([start]) => start)).toEqual(starts);
  });

  it('has the figures of the article by layer type', async () => {
    expect(
      await rowsOf(
        session,
        'SELECT layer_type, calls, round(p50_us), round(p99_us), round(tail_ratio, 1) FROM layers ORDER BY calls DESC',
      ),
    ).toEqual([
      ['mamba', 3840, 42, 95, 2.3],
      ['attention', 1920, 88, 320, 3.6],
      ['moe_all_to_all', 640, 180, 12400, 68.9],
    ]);
  });
});

const INGERO = readdirSync(`${TRACES}/ingero`).filter((name) => name.endsWith('.db'));

it('finds the Ingero databases', () => {
  expect(INGERO.length).toBeGreaterThanOrEqual(5);
});

describe.each(INGERO)('the Ingero database %s', (file) => {
  let session: TraceSession;
  let plain: SqlEngine;
  beforeAll(async () => {
    session = await opened(`ingero/${file}`);
    plain = await immutableCopy(`${TRACES}/ingero/${file}`);
  }, OPENING);
  afterAll(() => session.close());

  it('answers the article’s statement as a computation over its rows does', async () => {
    const rows = plain.query(
      'SELECT o.name, e.duration FROM events e JOIN ops o ON o.source_id = e.source AND o.op_id = e.op WHERE e.source = 1',
    ).rows;
    const expected = articleAnswer(grouped(rows.map(([n, d]) => [String(n), Number(d) / 1000])));
    expectRows(await rowsOf(session, ARTICLE), expected);
  });

  it('keeps queries written for its own tables, to the last bit', async () => {
    for (const sql of [
      'SELECT id, timestamp, source, op, duration, stack_hash, arg0, arg1 FROM events ORDER BY timestamp, id',
      'SELECT source, op, count(*), sum(duration), max(duration) FROM events GROUP BY source, op ORDER BY 1, 2',
      'SELECT e.id, s.name AS source, o.name AS op, e.duration/1000 AS dur_us, e.pid FROM events e JOIN sources s ON e.source = s.id JOIN ops o ON e.source = o.source_id AND e.op = o.op_id ORDER BY e.timestamp DESC LIMIT 20',
      'SELECT hash, length(frames) FROM stack_traces ORDER BY hash',
    ]) {
      expect(await rowsOf(session, sql), sql).toEqual(plain.query(sql).rows);
    }
  });

  it('finds a source by its name in any comparison', async () => {
    const count = async (where: string) =>
      (await rowsOf(session, `SELECT count(*) FROM events e WHERE ${where}`))[0][0];
    const originally = (where: string) =>
      plain.query(`SELECT count(*) FROM events e WHERE ${where}`).rows[0][0];
    for (const [text, number] of [
      ["source = 'cuda'", 'source = 1'],
      ["source == 'DRIVER'", 'source = 4'],
      ["e.source <> 'host'", 'source <> 3'],
      ["source IN ('cuda', 'driver')", 'source IN (1, 4)'],
      ["source LIKE 'h%'", 'source = 3'],
      ["source = 'nothing'", 'source = -1'],
    ]) {
      expect(await count(text), text).toBe(originally(number));
    }
  });

  it('has its API calls in launches and all others in host_events', async () => {
    const [[api, apiNs, others]] = plain.query(
      'SELECT count(*) FILTER (WHERE source IN (1, 4)), sum(duration) FILTER (WHERE source IN (1, 4)), count(*) FILTER (WHERE source NOT IN (1, 4)) FROM events',
    ).rows;
    expect(
      await rowsOf(
        session,
        'SELECT (SELECT count(*) FROM launches), (SELECT sum(duration_ns) FROM launches), (SELECT count(*) FROM host_events), (SELECT count(*) FROM kernels)',
      ),
    ).toEqual([[api, apiNs, others, 0]]);
  });

  it.each(SAVED.map((q) => [q.title, q.sql]))('runs "%s"', async (_, sql) => {
    await expect(session.query({ sql })).resolves.toBeDefined();
  });
});

describe('a PyTorch trace', () => {
  const FILE = 'h200/nemotron_h.pt.trace.json.gz';
  interface Row {
    readonly cat?: string;
    readonly name: string;
    /** as written: 16 digits do not fit a double */
    readonly ts: string;
    readonly dur: number;
    readonly pid: number;
    readonly tid: number;
    readonly args?: { readonly stream?: number; readonly correlation?: number };
  }
  let session: TraceSession;
  let gpu: Row[];
  let base: bigint;
  beforeAll(async () => {
    session = await opened(FILE);
    const text = gunzipSync(readFileSync(`${TRACES}/${FILE}`)).toString();
    const json = JSON.parse(text.replaceAll(/"ts": ?([\d.]+)/g, '"ts": "$1"')) as {
      traceEvents: Row[];
      baseTimeNanoseconds: number;
    };
    base = BigInt(json.baseTimeNanoseconds);
    gpu = json.traceEvents.filter(({ cat }) => /^(kernel|gpu_memcpy|gpu_memset)$/.test(cat ?? ''));
  }, OPENING);
  afterAll(() => session.close());

  it('answers the article’s statement as a computation over its JSON does', async () => {
    expect(gpu.length).toBeGreaterThan(10_000);
    const expected = articleAnswer(grouped(gpu.map((e) => [e.name, e.dur])));
    expectRows(await rowsOf(session, ARTICLE), expected);
  });

  it('has every GPU event once, with its absolute time to the nanosecond', async () => {
    const actual = await rowsOf(
      session,
      "SELECT timestamp, name, gpu_id, stream FROM events WHERE source = 'cuda'",
    );
    const expected = gpu.map((e) => [
      base + nanoseconds(e.ts),
      e.name,
      e.pid,
      e.args?.stream ?? e.tid,
    ]);
    const sorted = (rows: readonly (readonly unknown[])[]) => rows.map(String).toSorted();
    // A message of 20,000 kernel names helps nobody: the first difference does.
    const [found, wanted] = [sorted(actual), sorted(expected)];
    const different = wanted.findIndex((row, i) => row !== found[i]);
    expect(found[different]).toBe(wanted[different]);
    expect(found).toHaveLength(wanted.length);
  });

  it('divides them between kernels and memory operations', async () => {
    const count = (pattern: RegExp) => gpu.filter(({ cat }) => pattern.test(cat ?? '')).length;
    const total = (pattern: RegExp) =>
      gpu.reduce((sum, e) => sum + (pattern.test(e.cat ?? '') ? e.dur : 0), 0);
    expect(await rowsOf(session, 'SELECT count(*), sum(duration_us) FROM kernels')).toEqual([
      [count(/^kernel$/), expect.closeTo(total(/^kernel$/), 3)],
    ]);
    expect(await rowsOf(session, 'SELECT count(*), sum(duration_us) FROM memory_ops')).toEqual([
      [count(/^gpu_mem/), expect.closeTo(total(/^gpu_mem/), 3)],
    ]);
  });

  it('agrees with the decomposition by layer type', async () => {
    const { rows } = await session.decompose({ by: 'layer-type' });
    const sql = await rowsOf(
      session,
      'SELECT layer_type, count(*), sum(duration_ns), median(duration_ns), percentile_cont(duration_ns, 0.99), max(duration_ns) FROM calls GROUP BY layer_type ORDER BY layer_type',
    );
    const figures = rows
      .map((r) => [r.key, r.calls, r.total_ns, r.p50_ns, r.p99_ns, r.max_ns])
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
    expect(sql.map((row) => row.map((v) => (typeof v === 'number' ? v : String(v))))).toEqual(
      figures.map(([key, calls, ...times]) => [
        key,
        calls,
        ...times.map((time) => expect.closeTo(Number(time), 3)),
      ]),
    );
  });

  it.each(SAVED.map((q) => [q.title, q.sql]))('runs "%s"', async (_, sql) => {
    await expect(session.query({ sql })).resolves.toBeDefined();
  });
});

describe('two ranks with Python stacks', () => {
  let session: TraceSession;
  beforeAll(async () => {
    session = await opened(
      'h200/nemotron_h_ep2.rank0.stack.pt.trace.json.gz',
      'h200/nemotron_h_ep2.rank1.stack.pt.trace.json.gz',
    );
  }, OPENING);
  afterAll(() => session.close());

  it('matches exchanges of the two ranks and says who waited', async () => {
    const saved = SAVED.find((q) => q.title.startsWith('Collectives'));
    const { columns, rows } = await session.query({ sql: saved?.sql ?? '' });
    const column = (name: string) => rows.map((row) => row[columns.indexOf(name)]);
    expect(column('rank')).toEqual([0, 1]);
    const [first, second] = column('calls');
    expect(first).toBe(second);
    expect(column('matched_calls')).toEqual([first, second]);
    for (const waited of column('waited_us')) {
      expect(Number(waited)).toBeGreaterThan(0);
    }
  });

  it('leads an exchange to the function that started it', async () => {
    const exchanges = await rowsOf(session, 'SELECT id FROM collectives ORDER BY id');
    expect(exchanges.length).toBeGreaterThan(500);
    for (const [id] of exchanges) {
      const [best] = await session.sourceHints({ call: Number(id) });
      expect(best).toMatchObject({ kind: 'frame', file: expect.stringMatching(/(^|\/)ep\.py$/) });
      expect(best.line).toBeGreaterThan(0);
    }
  });

  it('leads every kernel launched in a module to model code or its class, never into torch', async () => {
    const kernels = await rowsOf(
      session,
      'SELECT id FROM kernels WHERE module IS NOT NULL AND id % 37 = 0',
    );
    expect(kernels.length).toBeGreaterThan(300);
    for (const [id] of kernels) {
      const hints = await session.sourceHints({ call: Number(id) });
      expect(hints[0]?.kind).toMatch(/^(frame|class)$/);
      expect(hints.filter((h) => /(^|\/)torch\//.test(h.file))).toEqual([]);
    }
  });
});
