import { afterEach, describe, expect, it } from 'vitest';
import { SqlError, type SqlEngine, type SqlValue } from '../../../src/sqlite/engine.js';
import { registerPercentiles } from '../../../src/sqlite/percentiles.js';

/**
 * What every engine gives alike, row for row and error for error.
 *
 * @param open an engine over an empty database
 */
export function engineContract(open: () => SqlEngine): void {
  const engines: SqlEngine[] = [];
  afterEach(() => {
    for (const engine of engines.splice(0)) {
      engine.close();
    }
  });
  const empty = (): SqlEngine => {
    const engine = open();
    engines.push(engine);
    return engine;
  };

  const fail = (): never => {
    throw new Error('of the caller');
  };

  describe('values', () => {
    it('keeps 64-bit integers exact and small ones plain', () => {
      const [row] = empty().query(
        'SELECT 1, 9007199254740991, 9007199254740992, 9007199254740993, -9223372036854775808, 9223372036854775807',
      ).rows;
      expect(row).toEqual([
        1,
        9007199254740991,
        9007199254740992n,
        9007199254740993n,
        -9223372036854775808n,
        9223372036854775807n,
      ]);
    });

    it('leaves large REALs numbers, beside an exact integer in the same row', () => {
      expect(empty().query('SELECT 1.5e300, 9007199254740993, 7, 0.25').rows[0]).toEqual([
        1.5e300,
        9007199254740993n,
        7,
        0.25,
      ]);
    });

    it('decodes text as UTF-8 with replacement, whatever its length', () => {
      const long = 'a'.repeat(40);
      const [row] = empty().query(
        `SELECT cast(x'ff41fe' AS TEXT), '${long}' || cast(x'c3' AS TEXT), 'é€😀', cast(x'410042' AS TEXT)`,
      ).rows;
      expect(row).toEqual(['\ufffdA\ufffd', `${long}\ufffd`, 'é€😀', 'A\0B']);
    });

    it('gives BLOBs as bytes and NULL as null', () => {
      expect(empty().query("SELECT x'00ff', NULL").rows[0]).toEqual([
        Uint8Array.of(0x00, 0xff),
        null,
      ]);
    });
  });

  describe('statements', () => {
    it('says where rows were cut by the limit, and where exactly as many existed', () => {
      const engine = empty();
      const three = "SELECT value FROM json_each('[1,2,3]')";
      expect(engine.query(three, 2)).toEqual({
        columns: ['value'],
        rows: [[1], [2]],
        truncated: true,
      });
      expect(engine.query(three, 3).truncated).toBe(false);
      expect(engine.query(three, 0)).toEqual({ columns: ['value'], rows: [], truncated: true });
    });

    it('refuses a second statement and an empty one, allows trailing comments', () => {
      const engine = empty();
      expect(() => engine.query('SELECT 1; SELECT 2')).toThrow(SqlError);
      expect(() => engine.query(' -- nothing')).toThrow(SqlError);
      expect(engine.query('SELECT 1; -- one\n /* and */ ;').rows).toEqual([[1]]);
    });

    it('names the statement and keeps SQLite’s words in errors', () => {
      const engine = empty();
      try {
        engine.query('SELECT nosuch FROM nowhere');
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(SqlError);
        expect((error as SqlError).message).toMatch(/no such table: nowhere/);
        expect((error as SqlError).sql).toBe('SELECT nosuch FROM nowhere');
      }
    });

    it('passes a caller’s error on as it is and stays usable', () => {
      const engine = empty();
      const stop = new RangeError('enough');
      expect(() =>
        engine.each("SELECT value FROM json_each('[1,2,3]')", () => {
          throw stop;
        }),
      ).toThrow(stop);
      expect(engine.query('SELECT 1').rows).toEqual([[1]]);
    });

    it('gives slices of a prepared statement, exact before and after an integer beyond 2^53', () => {
      const engine = empty();
      engine.run('CREATE TABLE t(a INTEGER PRIMARY KEY, b)');
      engine.run(
        "INSERT INTO t VALUES (-9223372036854775808, 1), (-3, 'x'), (5, 9007199254740993), (9223372036854775806, 0.5), (9223372036854775807, NULL)",
      );
      const slices = engine.prepare('SELECT b, a FROM t WHERE a >= ? ORDER BY a LIMIT 2');
      const from = (a: number | bigint): (readonly SqlValue[])[] => {
        const rows: (readonly SqlValue[])[] = [];
        slices.each(a, (row) => rows.push([...row]));
        return rows;
      };
      const first = [
        [1, -9223372036854775808n],
        ['x', -3],
      ];
      expect(from(-4)).toEqual([
        ['x', -3],
        [9007199254740993n, 5],
      ]);
      expect(from(-(2n ** 63n))).toEqual(first);
      expect(from(-2)).toEqual([
        [9007199254740993n, 5],
        [0.5, 9223372036854775806n],
      ]);
      expect(from(9223372036854775807n)).toEqual([[null, 9223372036854775807n]]);
      expect(from(-(2n ** 63n))).toEqual(first);
      expect(() => slices.each(0, () => fail())).toThrow('of the caller');
      expect(from(9223372036854775806n)).toHaveLength(2);
      slices.free();
      engine.run('DROP TABLE t');
      expect(() => engine.prepare('SELECT a FROM t WHERE a >= ?')).toThrow(SqlError);
      expect(() => engine.prepare('SELECT ?; SELECT 1')).toThrow(SqlError);
    });

    it('gives the rows before an error of a prepared statement, then the error', () => {
      const engine = empty();
      const rows: SqlValue[] = [];
      const slices = engine.prepare(
        'SELECT json_extract(value, \'$\') FROM json_each(\'["[1]","[2]","["]\') WHERE ? = 1',
      );
      expect(() => slices.each(1, ([value]) => rows.push(value))).toThrow(SqlError);
      expect(rows).toEqual(['[1]', '[2]']);
      slices.free();
    });

    it('streams numbers with NaN for what is none', () => {
      const seen: number[][] = [];
      empty().eachNumeric("SELECT 1, NULL, 'x', 2.5", (row) => seen.push(Array.from(row)));
      expect(seen).toEqual([[1, NaN, NaN, 2.5]]);
    });

    it('streams integers beyond 2^53 as the nearest double, every row once', () => {
      const seen: number[] = [];
      empty().eachNumeric(
        'SELECT column1 FROM (VALUES (1), (2), (9007199254740993), (4), (-9007199254740995))',
        (row) => seen.push(row[0]),
      );
      expect(seen).toEqual([1, 2, 9007199254740992, 4, -9007199254740996]);
    });

    it('inserts rows exactly, 64-bit integers included, and all or none', () => {
      const engine = empty();
      engine.run('CREATE TABLE "a ""b" (i INTEGER, t TEXT, any)');
      const rows: SqlValue[][] = [
        [9007199254740993n, 'x', -9007199254740993n],
        [1, "o'clock", 2],
        [null, '', 0.5],
      ];
      engine.insert('a "b', 3, rows.length, (i) => rows[i]);
      expect(engine.query('SELECT *, typeof(any) FROM "a ""b"').rows).toEqual([
        [9007199254740993n, 'x', -9007199254740993n, 'integer'],
        [1, "o'clock", 2, 'integer'],
        [null, '', 0.5, 'real'],
      ]);
      expect(() =>
        engine.insert('a "b', 3, 2, (i) => {
          if (i === 1) {
            throw new Error('no more');
          }
          return [1, 'y', 1];
        }),
      ).toThrow(/no more/);
      expect(engine.query('SELECT count(*) FROM "a ""b"').rows).toEqual([[3]]);
    });

    it('lists tables and views, and columns of both', () => {
      const engine = empty();
      engine.run('CREATE TABLE t(a, "b c"); CREATE VIEW v AS SELECT a AS x FROM t');
      engine.run('CREATE VIEW broken AS SELECT * FROM gone');
      expect(engine.tables()).toEqual([
        { name: 't', type: 'table' },
        { name: 'v', type: 'view' },
        { name: 'broken', type: 'view' },
      ]);
      expect(engine.columnsOf('t')).toEqual(['a', 'b c']);
      expect(engine.columnsOf('v')).toEqual(['x']);
      expect(engine.columnsOf('broken')).toEqual([]);
      expect(engine.columnsOf('nowhere')).toEqual([]);
    });
  });

  describe('functions', () => {
    it('calls functions of fixed and any number of arguments', () => {
      const engine = empty();
      engine.scalarFunction('twice', (x) => (typeof x === 'number' ? 2 * x : null));
      engine.scalarFunction('how_many', (...all) => all.length);
      expect(
        engine.query('SELECT twice(4), twice(NULL), how_many(), how_many(1, 2, 3)').rows,
      ).toEqual([[8, null, 0, 3]]);
      expect(() => engine.query('SELECT twice(1, 2)')).toThrow(/wrong number of arguments/);
    });

    it('turns an exception, and a result that would be lost, into an error of the statement', () => {
      const engine = empty();
      engine.scalarFunction('fails', (_x) => {
        throw new Error('on purpose');
      });
      engine.scalarFunction('large', (_x) => 9007199254740993n);
      expect(() => engine.query('SELECT fails(1)')).toThrow(/on purpose/);
      expect(() => engine.query('SELECT large(1)')).toThrow(/64-bit/);
    });

    it('keeps the states of several groups apart', () => {
      const engine = empty();
      engine.aggregateFunction<number[]>('gather', {
        init: () => [],
        step: (state, x: SqlValue) => [...state, Number(x)],
        finalize: (state) => state.join('+'),
      });
      expect(
        engine.query(
          'SELECT k, gather(v) FROM (SELECT column1 AS k, column2 AS v FROM (VALUES (1,1),(2,5),(1,2),(2,6))) GROUP BY k',
        ).rows,
      ).toEqual([
        [1, '1+2'],
        [2, '5+6'],
      ]);
    });
  });

  describe('percentiles in SQL', () => {
    function withPercentiles(): SqlEngine {
      const engine = empty();
      registerPercentiles(engine);
      return engine;
    }

    it('interpolates linearly at rank p(n-1), like an independent window-function formula', () => {
      const engine = withPercentiles();
      engine.run('CREATE TABLE t(g INTEGER, x REAL)');
      // A fixed linear congruential sequence: values with repeats, groups of different sizes.
      let seed = 12345;
      const rows: [number, number][] = [];
      for (let i = 0; i < 997; i++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        rows.push([seed % 7, (seed % 10007) / 8]);
      }
      engine.insert('t', 2, rows.length, (i) => rows[i]);
      for (const p of [0, 0.01, 0.5, 0.9, 0.99, 1]) {
        const reference = engine.query(`
        WITH r AS (SELECT g, x, row_number() OVER (PARTITION BY g ORDER BY x) - 1 AS i,
                          count(*) OVER (PARTITION BY g) AS n FROM t),
             b AS (SELECT g, max(CASE WHEN i = CAST(${p} * (n - 1) AS INTEGER) THEN x END) AS lo,
                          max(CASE WHEN i = min(CAST(${p} * (n - 1) AS INTEGER) + 1, n - 1) THEN x END) AS hi,
                          max(${p} * (n - 1) - CAST(${p} * (n - 1) AS INTEGER)) AS f FROM r GROUP BY g)
        SELECT g, lo + (hi - lo) * f FROM b ORDER BY g`).rows;
        const ours = engine.query(
          `SELECT g, percentile_cont(x, ${p}), percentile(x, ${p * 100}) FROM t GROUP BY g ORDER BY g`,
        ).rows;
        expect(ours.length).toBe(7);
        ours.forEach((row, i) => {
          expect(row[1]).toBeCloseTo(Number(reference[i][1]), 9);
          expect(row[2]).toBeCloseTo(Number(reference[i][1]), 9);
        });
      }
      expect(engine.query('SELECT median(x) = percentile_cont(x, 0.5) FROM t').rows).toEqual([[1]]);
    });

    it('leaves NULLs out and is NULL for no rows', () => {
      const engine = withPercentiles();
      expect(engine.query('SELECT median(column1) FROM (VALUES (1), (NULL), (4))').rows).toEqual([
        [2.5],
      ]);
      expect(
        engine.query(
          'SELECT median(column1), percentile_cont(column1, 0.5) FROM (VALUES (1)) WHERE 0',
        ).rows,
      ).toEqual([[null, null]]);
      expect(engine.query('SELECT median(column1) FROM (VALUES (NULL))').rows).toEqual([[null]]);
    });

    it('refuses fractions outside the range, changing fractions and text', () => {
      const engine = withPercentiles();
      expect(() => engine.query('SELECT percentile_cont(1, 99)')).toThrow(
        /from 0 to 1|between 0\.0 and 1\.0/,
      );
      expect(() => engine.query('SELECT percentile(1, 101)')).toThrow(
        /from 0 to 100|between 0\.0 and 100\.0/,
      );
      expect(() => engine.query('SELECT percentile_cont(1, NULL)')).toThrow(
        /from 0 to 1|between 0\.0 and 1\.0/,
      );
      expect(() =>
        engine.query('SELECT percentile_cont(column1, column2) FROM (VALUES (1, 0.1), (2, 0.2))'),
      ).toThrow(/the same for all (input )?rows/);
      expect(() => engine.query("SELECT median('12')")).toThrow(/must be numbers|not numeric/);
    });
  });
}
