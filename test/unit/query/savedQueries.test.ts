import { readFileSync, readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseSavedQuery } from '../../../src/query/savedQueries.js';
import { queryTables } from '../../../src/query/tables.js';
import { installViews, type SqlSurface } from '../../../src/query/views.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs, type SqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import { hostTrace, smallStalls, smallTables, smallTrace } from './smallTrace.js';

describe('parseSavedQuery', () => {
  it('reads title, description and statement', () => {
    expect(
      parseSavedQuery(
        'x.tracesql',
        '\ufeff-- Title: A tail\r\n-- description: One line,\r\n--   and its end.\r\n\r\n-- why\r\nSELECT 1 -- one\r\n',
      ),
    ).toEqual({
      title: 'A tail',
      description: 'One line, and its end.',
      sql: '-- why\nSELECT 1 -- one',
    });
  });

  it('calls a file without a title by its name', () => {
    expect(parseSavedQuery('/a/my query.tracesql', 'SELECT 1')).toEqual({
      title: 'my query',
      description: '',
      sql: 'SELECT 1',
    });
  });

  it.each(['', '-- title: nothing', 'SELECT 1; SELECT 2', 'DELETE FROM events'])(
    'refuses %j',
    (text) => {
      expect(() => parseSavedQuery('x.tracesql', text)).toThrow();
    },
  );
});

const files = readdirSync('queries').filter((name) => name.endsWith('.tracesql'));
const builtIn = files.map((name) => parseSavedQuery(name, readFileSync(`queries/${name}`, 'utf8')));

describe('the built-in queries', () => {
  let sqlJs: SqlJs;
  beforeAll(async () => {
    sqlJs = await loadNodeSqlJs();
  });

  function surfaces(): Record<string, SqlSurface> {
    const flat = openSqlJs(sqlJs, null);
    flat.run('CREATE TABLE events(timestamp, source, name, duration_us)');
    const ingero = openSqlJs(sqlJs, null);
    ingero.run(
      'CREATE TABLE events(id INTEGER PRIMARY KEY, timestamp INTEGER, source INTEGER, op INTEGER, duration INTEGER)',
    );
    ingero.run('CREATE TABLE sources(id INTEGER, name TEXT)');
    ingero.run('CREATE TABLE ops(source_id INTEGER, op_id INTEGER, name TEXT)');
    const host = hostTrace('ingero');
    return {
      kineto: installViews(openSqlJs(sqlJs, null), smallTables()),
      flat: installViews(flat, { ...smallTables(), format: 'flat' }),
      ingero: installViews(
        ingero,
        queryTables(host.trace, host.labels, smallStalls(host.trace, [1])),
      ),
    };
  }

  it('are there, each with a title of its own and a description', () => {
    expect(builtIn.length).toBeGreaterThanOrEqual(8);
    expect(new Set(builtIn.map((q) => q.title)).size).toBe(builtIn.length);
    expect(builtIn.filter((q) => q.description === '')).toEqual([]);
  });

  it.each(builtIn.map((q) => [q.title, q.sql]))('%s runs on every format', (_, sql) => {
    for (const [format, surface] of Object.entries(surfaces())) {
      expect(() => surface.query(sql), format).not.toThrow();
    }
  });

  const run = (file: string) => {
    const query = parseSavedQuery(file, readFileSync(`queries/${file}`, 'utf8'));
    const { columns, rows } = surfaces().kineto.query(query.sql);
    return rows.map((row) => Object.fromEntries(row.map((v, i) => [columns[i], v])));
  };

  it('tell which rank waited', () => {
    expect(run('collectives-who-waited.tracesql')).toMatchObject([
      { rank: 0, calls: 1, matched_calls: 1, waited_us: 12_399.5 },
      { rank: 1, calls: 1, matched_calls: 1, waited_us: 0 },
    ]);
  });

  it('find the host event that fell into the stall', () => {
    expect(run('host-events-during-stalls.tracesql')).toEqual([
      {
        call_id: 1,
        stalled: 'ncclDevKernel_SendRecv',
        layer: 'MoE all-to-all',
        rank: 0,
        lost_us: 12_399.5,
        host_event: 'sched_switch',
        kind: 'scheduler',
        events: 1,
        overlap_us: 5,
      },
    ]);
  });

  it('sum steps as the columns do', () => {
    const { trace, labels } = smallTrace();
    const total = (step: number) =>
      Array.from(labels.step).reduce(
        (sum, s, i) => sum + (s === step ? trace.gpu.duration[i] : 0),
        0,
      ) / 1000;
    expect(run('steps-by-time.tracesql').map((row) => row.total_us)).toEqual([
      Math.round(total(1) * 10) / 10,
      total(0),
    ]);
  });

  it('order kernels by how long they queued, without replayed ones', () => {
    expect(run('kernels-that-queued.tracesql').map((row) => [row.id, row.queue_us])).toEqual([
      [0, 0],
      [1, -10],
    ]);
  });
});
