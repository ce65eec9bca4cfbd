import { describe, expect, it } from 'vitest';
import {
  StatementError,
  prepareStatement,
  type DialectContext,
} from '../../../src/query/dialect.js';

const ran = (sql: string, context?: DialectContext) => prepareStatement(sql, context).sql;

const ingero: DialectContext = {
  sourceValues: (text) => {
    const id = ['cuda', 'nvidia', 'host', 'driver'].indexOf(text.toLowerCase());
    return id < 0 ? [] : [id + 1];
  },
  sourceNameFunction: 'source_name',
};

describe('percentiles within a group', () => {
  it('turns the standard form into a plain aggregate', () => {
    expect(
      ran('SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us) AS p50 FROM events'),
    ).toBe('SELECT percentile_cont(duration_us, 0.5) AS p50 FROM events');
  });

  it.each([
    ['ASC', 'percentile_cont(x, 0.9)'],
    ['DESC', 'percentile_cont(x, 1.0 - (0.9))'],
    ['DESC NULLS LAST', 'percentile_cont(x, 1.0 - (0.9))'],
    ['NULLS FIRST', 'percentile_cont(x, 0.9)'],
  ])('understands ORDER BY x %s', (order, call) => {
    expect(ran(`SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY x ${order})`)).toBe(
      `SELECT ${call}`,
    );
  });

  it('asks for the discrete percentile from the other end by a function of its own', () => {
    expect(ran('SELECT Percentile_Disc(.5) within group (order by x desc)')).toBe(
      'SELECT percentile_disc_desc(x, .5)',
    );
  });

  it('survives nested parentheses, strings and comments inside', () => {
    const sql = `SELECT percentile_cont(/* half */ (1 + 0.0) / 2) WITHIN GROUP ( -- sorted
      ORDER BY CASE name WHEN 'a) WITHIN GROUP (' THEN max(a, (b + c)) ELSE "odd)name" END /* ) */
    ) FROM t`;
    expect(ran(sql)).toBe(
      `SELECT percentile_cont(CASE name WHEN 'a) WITHIN GROUP (' THEN max(a, (b + c)) ELSE "odd)name" END, (1 + 0.0) / 2) FROM t`,
    );
  });

  it('rewrites inside a rewritten expression, and keeps FILTER and OVER', () => {
    expect(
      ran(
        'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY y) FROM u)) FILTER (WHERE z) OVER (PARTITION BY w)',
      ),
    ).toBe(
      'SELECT percentile_cont((SELECT percentile_cont(y, 0.9) FROM u), 0.5) FILTER (WHERE z) OVER (PARTITION BY w)',
    );
  });

  it('leaves strings, names and the two-argument form alone', () => {
    const sql = `SELECT 'percentile_cont(0.5) WITHIN GROUP (ORDER BY x)', percentile_cont(x, 0.5), median(x), "WITHIN" FROM t`;
    const prepared = prepareStatement(sql);
    expect(prepared.sql).toBe(sql);
    expect(prepared.changed).toBe(false);
  });

  it.each([
    ['SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a, b)', 'takes one value'],
    ['SELECT percentile_cont(0.5, 1) WITHIN GROUP (ORDER BY a)', 'takes one share'],
    ['SELECT percentile_cont() WITHIN GROUP (ORDER BY a)', 'percentile_cont(0.99)'],
    ['SELECT percentile_cont(0.5) WITHIN GROUP (a)', 'ORDER BY value'],
    ['SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY DESC)', 'ORDER BY value'],
    ['SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a', 'not closed'],
    ['SELECT mode() WITHIN GROUP (ORDER BY a)', 'not supported'],
  ])('refuses %s in words', (sql, words) => {
    expect(() => ran(sql)).toThrow(words);
    expect(() => ran(sql)).toThrow(StatementError);
  });
});

describe('what may run', () => {
  it.each([
    'SELECT 1',
    'select 1;',
    '-- a comment\nSELECT 1 ; -- done',
    'VALUES (1), (2)',
    'WITH a AS (SELECT 1), b(x) AS NOT MATERIALIZED (SELECT 2) SELECT * FROM a, b',
    'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 3) SELECT * FROM n',
    'EXPLAIN QUERY PLAN SELECT 1',
    'EXPLAIN WITH a AS (SELECT 1) SELECT * FROM a',
    'PRAGMA table_info(kernels)',
    'PRAGMA main.table_xinfo("events")',
    'PRAGMA user_version',
    "SELECT 'DROP TABLE events; --'",
    'SELECT "delete" FROM (SELECT 1 AS "delete")',
  ])('runs %j', (sql) => {
    expect(() => prepareStatement(sql)).not.toThrow();
  });

  it.each([
    ['DELETE FROM events', 'only read'],
    ['insert into events values (1)', 'only read'],
    ['WITH a AS (SELECT 1) DELETE FROM events', 'only read'],
    ['WITH a(x) AS (SELECT 1), b AS (SELECT 2) UPDATE events SET id = 1', 'only read'],
    ['EXPLAIN DROP TABLE events', 'only read'],
    ["ATTACH 'x.db' AS x", 'only read'],
    ['PRAGMA user_version = 3', 'PRAGMA user_version'],
    ['PRAGMA user_version(3)', 'PRAGMA user_version'],
    ['PRAGMA journal_mode', 'PRAGMA journal_mode'],
    ['SELECT 1; SELECT 2', 'line 1, column 11'],
    ['SELECT 1;\n;DROP TABLE events', 'One statement'],
    ['', 'no statement'],
    [' -- nothing\n;', 'no statement'],
    ['WITH', 'ends before'],
    ['WITH a AS (SELECT 1', 'ends before'],
    ["SELECT 'open", 'line 1, column 8'],
    ['\u202eSELECT 1', 'only read'],
  ])('refuses %j', (sql, words) => {
    expect(() => prepareStatement(sql)).toThrow(StatementError);
    expect(() => prepareStatement(sql)).toThrow(words);
  });

  it('shows no control character of a refused word', () => {
    expect(() => prepareStatement('\u202eDROP\u202c TABLE x')).toThrow(/, \?DROP\? can not/);
  });
});

describe('comparisons with source', () => {
  it.each([
    ["source='cuda'", "source IN ('cuda', 1)"],
    ["source == 'CUDA'", "source IN ('CUDA', 1)"],
    ["e.source <> 'host'", "e.source NOT IN ('host', 3)"],
    ["source != 'driver'", "source NOT IN ('driver', 4)"],
    ['"source" = "cuda"', '"source" IN ("cuda", 1)'],
    ["source IS 'cuda'", "source IN ('cuda', 1) IS TRUE"],
    ["source IS NOT 'cuda'", "source IN ('cuda', 1) IS NOT TRUE"],
    ["source IN ('cuda', 'driver', 7)", "source IN ('cuda', 1, 'driver', 4, 7)"],
    ["source NOT IN ('cuda')", "source NOT IN ('cuda', 1)"],
    ["source LIKE 'cu%'", "source_name(source) LIKE 'cu%'"],
    ["main.events.source NOT LIKE 'cu%'", "source_name(main.events.source) NOT LIKE 'cu%'"],
    ["'cuda' = e.source", "e.source IN ('cuda', 1)"],
    ["'cuda' <> source", "source NOT IN ('cuda', 1)"],
  ])('%s', (where, rewritten) => {
    expect(ran(`SELECT 1 FROM events e WHERE ${where} AND x = 'cuda'`, ingero)).toBe(
      `SELECT 1 FROM events e WHERE ${rewritten} AND x = 'cuda'`,
    );
  });

  it.each([
    'source = 1',
    "source = 'unknown'",
    "source = 'cu' || 'da'",
    "'x' || source = 'cuda'",
    "source_name = 'cuda'",
    "source.x = 'cuda'",
    'source IN (SELECT id FROM sources)',
    "source IN ('cuda' || '', 1)",
    "source('cuda') = 'cuda'",
    "name = 'source = ''cuda'''",
  ])('leaves %s alone', (where) => {
    expect(prepareStatement(`SELECT 1 FROM events WHERE ${where}`, ingero).changed).toBe(false);
  });

  it('stays as written where sources are text', () => {
    expect(prepareStatement("SELECT 1 FROM events WHERE source='cuda'").changed).toBe(false);
  });
});
