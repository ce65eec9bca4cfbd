import { beforeAll, describe, expect, it } from 'vitest';
import { VIEWS } from '../../../src/query/catalogue.js';
import { queryTables } from '../../../src/query/tables.js';
import { installViews, type SqlSurface } from '../../../src/query/views.js';
import { SqlError, type SqlEngine } from '../../../src/sqlite/engine.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs, type SqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import { percentileOfSorted } from '../../../src/trace/index.js';
import { ORIGIN, hostTrace, smallStalls, smallTables, smallTrace } from './smallTrace.js';

let sqlJs: SqlJs;
beforeAll(async () => {
  sqlJs = await loadNodeSqlJs();
});

function kineto(): { engine: SqlEngine; surface: SqlSurface } {
  const engine = openSqlJs(sqlJs, null);
  return { engine, surface: installViews(engine, smallTables()) };
}

/** Rows as objects, which reads better than positions. */
function rows(surface: SqlSurface, sql: string): Record<string, unknown>[] {
  const result = surface.query(sql);
  return result.rows.map((row) => Object.fromEntries(row.map((v, i) => [result.columns[i], v])));
}

const ARTICLE = `SELECT name, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us) AS p50,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_us) AS p99
FROM events WHERE source='cuda' GROUP BY name ORDER BY p99 DESC LIMIT 20`;

describe('every view', () => {
  it('has the columns the catalogue says, in its order, on GPU and on host traces', () => {
    const host = hostTrace('kineto');
    const hostEngine = openSqlJs(sqlJs, null);
    installViews(hostEngine, queryTables(host.trace, host.labels, smallStalls(host.trace, [])));
    for (const engine of [kineto().engine, hostEngine]) {
      for (const view of VIEWS) {
        const columns = view.columns.map(({ name }) => name);
        expect(engine.columnsOf(view.name).slice(0, columns.length), view.name).toEqual(columns);
        if (view.name !== 'events') {
          expect(engine.columnsOf(view.name), view.name).toHaveLength(columns.length);
        }
      }
    }
  });

  it('gives values of the type the catalogue says', () => {
    const { surface } = kineto();
    for (const view of VIEWS) {
      for (const { name, type } of view.columns) {
        const types = surface
          .query(`SELECT DISTINCT typeof(${name}) FROM ${view.name} WHERE ${name} IS NOT NULL`)
          .rows.flat();
        const allowed = type === 'NUMERIC' ? ['integer', 'real'] : [type.toLowerCase()];
        for (const found of types) {
          expect(allowed, `${view.name}.${name}`).toContain(found);
        }
      }
    }
  });

  it('has one unit a column name ending', () => {
    for (const view of VIEWS) {
      for (const { name, unit } of view.columns) {
        const expected = /_ns$/.test(name) ? 'ns' : /_us$/.test(name) ? 'µs' : unit;
        expect(unit, `${view.name}.${name}`).toBe(expected);
      }
    }
  });
});

describe('kernels', () => {
  it('says where and why each ran', () => {
    const [mamba, exchange] = rows(kineto().surface, 'SELECT * FROM kernels ORDER BY id');
    expect(mamba).toEqual({
      id: 0,
      name: 'selective_scan_fwd',
      kind: 'kernel',
      start_ns: 100,
      start_us: 0.1,
      end_ns: 42_100,
      duration_ns: 42_000,
      duration_us: 42,
      layer_type: 'mamba',
      layer_label: 'Mamba SSM',
      layer_index: 0,
      module: 'Block_0.Mixer_0',
      method: 'module',
      step: 7,
      step_label: 'execute step=7 prefill',
      step_id: 0,
      phase: 'prefill',
      rank: 0,
      rank_id: 0,
      device: 0,
      stream: 7,
      grid_x: 4,
      grid_y: 2,
      grid_z: 1,
      block_x: 128,
      block_y: 1,
      block_z: 1,
      correlation: 1,
      launch_id: 0,
      queue_ns: 30,
      queue_us: 0.03,
      replayed: 0,
    });
    // It started before its launch call returned.
    expect(exchange).toMatchObject({ queue_ns: -10_000, grid_x: null, phase: 'decode' });
  });

  it('says unknown where nothing is known, and leaves nothing out', () => {
    const { surface } = kineto();
    expect(rows(surface, "SELECT * FROM kernels WHERE name = 'gemm'")[0]).toMatchObject({
      layer_type: 'unclassified',
      layer_index: null,
      module: null,
      method: 'none',
      step: null,
      phase: 'unknown',
      launch_id: null,
      queue_ns: null,
      correlation: null,
    });
    expect(
      surface.query(
        'SELECT (SELECT count(*) FROM kernels) + (SELECT count(*) FROM memory_ops), (SELECT count(*) FROM calls)',
      ).rows,
    ).toEqual([[7, 7]]);
  });

  it('finds a stream by number and by text', () => {
    const { surface } = kineto();
    expect(surface.query('SELECT count(*) FROM kernels WHERE stream = 7').rows).toEqual([[6]]);
    expect(surface.query("SELECT count(*) FROM kernels WHERE stream = '7'").rows).toEqual([[6]]);
  });

  it('keeps fractions of a nanosecond', () => {
    const { surface } = kineto();
    expect(surface.query('SELECT duration_ns FROM kernels WHERE id = 2').rows).toEqual([[1000.5]]);
  });
});

describe('the other views', () => {
  it('collectives count their calls on each rank, so that ranks can be compared', () => {
    expect(
      rows(
        kineto().surface,
        'SELECT rank, sequence, collective, duration_ns - min(duration_ns) OVER (PARTITION BY name, sequence) AS waited FROM collectives ORDER BY rank',
      ),
    ).toEqual([
      { rank: 0, sequence: 0, collective: 'all_to_all', waited: 12_399_499.5 },
      { rank: 1, sequence: 0, collective: 'all_to_all', waited: 0 },
    ]);
  });

  it('memory_ops have bytes and their rate', () => {
    expect(rows(kineto().surface, 'SELECT kind, bytes, gb_per_s FROM memory_ops')).toEqual([
      { kind: 'memcpy', bytes: 4000, gb_per_s: 20 },
    ]);
  });

  it('launches carry the labels all their kernels agree on, and only those', () => {
    expect(
      rows(
        kineto().surface,
        'SELECT name, gpu_events, gpu_ns, layer_type, layer_index, method, step, thread, process, range_id FROM launches ORDER BY id',
      ),
    ).toMatchObject([
      { layer_type: 'mamba', layer_index: 0, step: 7, thread: 868, process: 860, range_id: 1 },
      { layer_type: 'moe_all_to_all', gpu_events: 1, gpu_ns: 12_400_500 },
      {
        name: 'cudaGraphLaunch',
        gpu_events: 2,
        gpu_ns: 40,
        layer_type: null,
        layer_index: 2,
        method: null,
        step: 8,
      },
      { name: 'cudaDeviceSynchronize', gpu_events: 0, gpu_ns: 0, layer_type: null, step: null },
    ]);
  });

  it('layers agree with an independent computation', () => {
    const { trace, labels } = smallTrace();
    const durations = [1, 2].map((call) => trace.gpu.duration[call]).sort((a, b) => a - b);
    const total = trace.gpu.duration.reduce((sum, d) => sum + d, 0);
    const p50 = percentileOfSorted(durations, 0.5);
    const p99 = percentileOfSorted(durations, 0.99);
    expect(labels.index[1]).toBe(1);
    const [row] = rows(kineto().surface, 'SELECT * FROM layers WHERE layer_index = 1');
    expect(row).toMatchObject({
      layer_type: 'moe_all_to_all',
      calls: 2,
      total_ns: durations[0] + durations[1],
      p50_ns: p50,
      p99_us: p99 / 1000,
      max_ns: durations[1],
      tail_ratio: p99 / p50,
    });
    expect(row.share).toBeCloseTo((durations[0] + durations[1]) / total, 12);
  });

  it('stalls are calls with what was lost', () => {
    expect(
      rows(
        kineto().surface,
        'SELECT call_id, name, layer_type, lost_us, times_typical, rank FROM stalls',
      ),
    ).toEqual([
      {
        call_id: 1,
        name: 'ncclDevKernel_SendRecv',
        layer_type: 'moe_all_to_all',
        lost_us: 12_399.5,
        times_typical: 12_400.5,
        rank: 0,
      },
    ]);
  });

  it('counters and their samples, which are in no other view', () => {
    const { surface } = kineto();
    expect(rows(surface, 'SELECT * FROM counters ORDER BY id')).toEqual([
      {
        ...{ id: 0, name: 'SMs Active', unit: '%', rank: 0, rank_id: 0, device: 0 },
        ...{ source: 'GPU_METRICS', samples: 4, min: 0, mean: 48.875, max: 100 },
      },
      {
        ...{ id: 1, name: 'queue', unit: null, rank: 1, rank_id: 1, device: null },
        ...{ source: 'C', samples: 1, min: -3, mean: -3, max: -3 },
      },
    ]);
    expect(surface.query('SELECT * FROM counter_samples').rows).toEqual([
      [0, 'SMs Active', -500, -0.5, 0],
      [0, 'SMs Active', 1000.5, 1.0005, 100],
      [0, 'SMs Active', 2000, 2, 55.5],
      [0, 'SMs Active', 3000, 3, 40],
      [1, 'queue', 1500, 1.5, -3],
    ]);
    expect(
      surface.query(
        'SELECT avg(value) FROM counter_samples s JOIN kernels k ON s.time_ns >= k.start_ns AND s.time_ns < k.end_ns WHERE s.counter_id = 0 AND k.id = 0',
      ).rows,
    ).toEqual([[(100 + 55.5 + 40) / 3]]);
  });

  it('ranges, host events, ranks, threads, streams and steps are there', () => {
    const { surface } = kineto();
    expect(rows(surface, 'SELECT name, kind, parent_id FROM ranges ORDER BY id')).toEqual([
      { name: 'step', kind: 'annotation', parent_id: null },
      { name: 'nn.Module: Mixer_0', kind: 'module', parent_id: 0 },
    ]);
    expect(rows(surface, 'SELECT name, kind, thread FROM host_events')).toEqual([
      { name: 'sched_switch', kind: 'scheduler', thread: 868 },
    ]);
    expect(rows(surface, 'SELECT rank, world_size, device FROM ranks ORDER BY id')).toEqual([
      { rank: 0, world_size: 2, device: 'H200' },
      { rank: 1, world_size: 2, device: null },
    ]);
    expect(rows(surface, 'SELECT thread, label FROM threads')).toEqual([
      { thread: 868, label: 'python3 (868)' },
    ]);
    expect(rows(surface, 'SELECT device, stream, rank FROM streams ORDER BY id')).toHaveLength(2);
    expect(rows(surface, 'SELECT step, phase, duration_us FROM steps ORDER BY id')).toEqual([
      { step: 7, phase: 'prefill', duration_us: 0.6 },
      { step: 8, phase: 'decode', duration_us: 900 },
    ]);
  });

  it('a trace of host calls is measured by these, and has no kernels', () => {
    const { trace, labels } = hostTrace('kineto');
    const surface = installViews(
      openSqlJs(sqlJs, null),
      queryTables(trace, labels, smallStalls(trace, [1])),
    );
    expect(
      surface.query('SELECT (SELECT count(*) FROM kernels), count(*), min(time_kind) FROM calls')
        .rows,
    ).toEqual([[0, 4, 'host_api']]);
    expect(rows(surface, 'SELECT name, thread, stream FROM stalls')).toEqual([
      { name: 'cudaLaunchKernelExC', thread: 868, stream: null },
    ]);
    expect(surface.query('SELECT sum(calls) FROM layers').rows).toEqual([[4]]);
  });
});

describe('events of a trace that is no database', () => {
  it('runs the article’s statement', () => {
    const result = kineto().surface.query(ARTICLE);
    expect(result.columns).toEqual(['name', 'count(*)', 'p50', 'p99']);
    const durations = [1.0005, 12_400.5];
    expect(result.rows[0]).toEqual([
      'ncclDevKernel_SendRecv',
      2,
      percentileOfSorted(durations, 0.5),
      percentileOfSorted(durations, 0.99),
    ]);
    expect(result.rows).toHaveLength(6);
    expect(result.ranSql).toContain('percentile_cont(duration_us, 0.99)');
  });

  it('holds GPU events, API calls and host events under different ids, with exact times', () => {
    const { surface } = kineto();
    expect(
      rows(
        surface,
        'SELECT source, count(*) AS n, count(DISTINCT id) AS ids FROM events GROUP BY source ORDER BY 1',
      ),
    ).toEqual([
      { source: 'cuda', n: 7, ids: 7 },
      { source: 'host', n: 5, ids: 5 },
    ]);
    expect(surface.query('SELECT timestamp FROM events WHERE id = 0').rows).toEqual([
      [ORIGIN + 100n],
    ]);
    expect(surface.query('SELECT count(DISTINCT id) FROM events').rows).toEqual([[12]]);
  });
});

describe('a flat events table', () => {
  function flat(create: string, insert: string): SqlSurface {
    const engine = openSqlJs(sqlJs, null);
    engine.run(create);
    engine.run(insert);
    return installViews(engine, { ...smallTables(), format: 'flat' });
  }

  it('serves as it is', () => {
    const surface = flat(
      'CREATE TABLE events(id, timestamp, source, name, duration_us REAL, pid, tid, gpu_id, stream, stack)',
      `INSERT INTO events VALUES (1, ${ORIGIN}, 'cuda', 'k', 10, 1, 1, 0, 7, ''), (2, ${ORIGIN}, 'CUDA', 'k', 20, 1, 1, 0, 7, ''), (3, 1, 'host', 'k', 90, 1, 1, 0, 7, '')`,
    );
    expect(surface.query(ARTICLE).rows).toEqual([['k', 2, 15, 19.9]]);
    const all = surface.query('SELECT * FROM events');
    expect(all.columns).toHaveLength(10);
    expect(all.rows[0][1]).toBe(ORIGIN);
    // its kernels come from the columns
    expect(surface.query('SELECT count(*) FROM kernels').rows).toEqual([[6]]);
  });

  it('gets the columns it lacks', () => {
    const surface = flat(
      'CREATE TABLE events(timestamp, name, duration)',
      "INSERT INTO events VALUES (1, 'k', 1500)",
    );
    expect(surface.query(ARTICLE).rows).toEqual([['k', 1, 1.5, 1.5]]);
    expect(surface.query('SELECT * FROM main.events').columns).toHaveLength(3);
  });
});

describe('a flat table of another hand', () => {
  function flat(values: string): SqlSurface {
    const engine = openSqlJs(sqlJs, null);
    engine.run('CREATE TABLE events(timestamp, SOURCE, name, duration_us)');
    engine.run(`INSERT INTO events VALUES ${values}`);
    return installViews(engine, { ...smallTables(), format: 'flat' });
  }

  it('finds GPU events under another word, where the file has no cuda', () => {
    expect(
      flat("(1, 'gpu', 'k', 3), (2, 'Kernel', 'k', 5), (3, 'host', 'h', 7)").query(ARTICLE).rows,
    ).toEqual([['k', 2, 4, 4.98]]);
    expect(flat("(1, 'gpu', 'k', 3), (2, 'cuda', 'k', 5)").query(ARTICLE).rows).toEqual([
      ['k', 1, 5, 5],
    ]);
  });

  it('counts with durations stored as text', () => {
    expect(flat("(1, 'cuda', 'k', '3.5'), (2, 'cuda', 'k', ' 5 ')").query(ARTICLE).rows).toEqual([
      ['k', 2, 4.25, percentileOfSorted([3.5, 5], 0.99)],
    ]);
  });

  it('leaves out durations that are none, as the other views do', () => {
    expect(
      flat("(1, 'cuda', 'k', 3.5), (2, 'cuda', 'k', x'01'), (3, 'cuda', 'k', '1.2.3')").query(
        ARTICLE,
      ).rows,
    ).toEqual([['k', 3, 3.5, 3.5]]);
  });
});

describe('an Ingero database', () => {
  const HASH = -4611686018427387905n;

  function ingero(): SqlSurface {
    const engine = openSqlJs(sqlJs, null);
    engine.run(
      'CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp INTEGER, source INTEGER, op INTEGER, duration INTEGER, stack_hash INTEGER)',
    );
    engine.run(
      `INSERT INTO events VALUES (1, ${ORIGIN}, 1, 3, 1500, ${HASH}), (2, 5, 3, 1, 9000, 0), (3, 6, 1, 99, 2500, 0), (4, 7, 4, 1, 7, 0)`,
    );
    engine.run(
      'CREATE TABLE event_aggregates (source INTEGER, count INTEGER); INSERT INTO event_aggregates VALUES (1, 10), (3, 20)',
    );
    engine.run(
      "CREATE TABLE sources (id INTEGER, name TEXT); INSERT INTO sources VALUES (1, 'CUDA'), (3, 'HOST')",
    );
    engine.run(
      "CREATE TABLE ops (source_id INTEGER, op_id INTEGER, name TEXT); INSERT INTO ops VALUES (1, 3, 'cudaLaunchKernel'), (3, 1, 'sched_switch')",
    );
    const { trace, labels } = hostTrace('ingero');
    return installViews(engine, queryTables(trace, labels, smallStalls(trace, [])));
  }

  it('runs the article’s statement', () => {
    expect(ingero().query(ARTICLE).rows).toEqual([
      ['CUDA operation 99', 1, 2.5, 2.5],
      ['cudaLaunchKernel', 1, 1.5, 1.5],
    ]);
  });

  it('keeps queries for the original table working, exactly', () => {
    const surface = ingero();
    expect(surface.query('SELECT id, duration FROM events WHERE source = 1').rows).toEqual([
      [1, 1500],
      [3, 2500],
    ]);
    expect(surface.query('SELECT timestamp, stack_hash FROM events WHERE id = 1').rows).toEqual([
      [ORIGIN, HASH],
    ]);
    expect(surface.query('SELECT * FROM events').columns.slice(0, 6)).toEqual([
      'id',
      'timestamp',
      'source',
      'op',
      'duration',
      'stack_hash',
    ]);
    expect(
      surface.query(
        'SELECT s.name AS source FROM events e JOIN sources s ON e.source = s.id WHERE e.id = 2',
      ).rows,
    ).toEqual([['HOST']]);
  });

  it.each([
    ["source = 'CUDA'", 2],
    ["source <> 'cuda'", 2],
    ["source IN ('host', 'driver')", 2],
    ["e.source LIKE 'd%'", 1],
    ["source NOT LIKE '%a%'", 2],
    ["source = 'gpu'", 0],
    ["source_name = 'cuda'", 2],
    ["name LIKE '%launch%'", 1],
  ])('counts %s', (where, count) => {
    expect(ingero().query(`SELECT count(*) FROM events e WHERE ${where}`).rows).toEqual([[count]]);
  });

  it('compares the source of its other tables, too', () => {
    expect(ingero().query("SELECT count FROM event_aggregates WHERE source = 'cuda'").rows).toEqual(
      [[10]],
    );
  });
});

describe('the surface', () => {
  it('inserts rows when a statement needs them, once', () => {
    const { engine, surface } = kineto();
    const inserted: string[] = [];
    const insert = engine.insert.bind(engine);
    engine.insert = (table, ...rest) => {
      inserted.push(table);
      insert(table, ...rest);
    };
    surface.query('SELECT 1');
    expect(inserted).toEqual([]);
    surface.query('SELECT count(*) FROM "Kernels"');
    expect(inserted.toSorted()).toEqual(['layerscope_gpu', 'layerscope_names']);
    surface.query('SELECT count(*) FROM ranges, kernels');
    expect(inserted.toSorted()).toEqual([
      'layerscope_gpu',
      'layerscope_names',
      'layerscope_ranges',
    ]);
  });

  it('leaves tables of the file that are named like views in reach', () => {
    const engine = openSqlJs(sqlJs, null);
    engine.run('CREATE TABLE kernels(x); INSERT INTO kernels VALUES (99)');
    const surface = installViews(engine, smallTables());
    expect(surface.query('SELECT count(*) FROM kernels').rows).toEqual([[6]]);
    expect(surface.query('SELECT x FROM main.kernels').rows).toEqual([[99]]);
  });

  it('stops at the limit and says so', () => {
    const result = kineto().surface.query('SELECT id FROM calls ORDER BY id', 2);
    expect(result).toMatchObject({ rows: [[0], [1]], truncated: true });
  });

  it.each([
    [
      'SELECT layertype FROM kernels',
      'no such column: layertype (line 1, column 8). Did you mean layer_type?',
    ],
    ['SELECT k.durationns FROM kernels k', 'Did you mean duration_ns?'],
    ['SELECT * FROM kernel', 'no such table: kernel (line 1, column 15). Did you mean kernels?'],
    ['SELECT percentil_cont(1, 0.5)', 'Did you mean percentile_cont?'],
    ['SELECT *\nFORM kernels', 'near "FORM": syntax error (line 2, column 1)'],
    ['SELECT zzzzzz FROM kernels', 'no such column: zzzzzz (line 1, column 8)'],
    ['DROP TABLE events', 'only read'],
  ])('explains what is wrong with %j', (sql, sentence) => {
    const { surface } = kineto();
    expect(() => surface.query(sql)).toThrow(SqlError);
    expect(() => surface.query(sql)).toThrow(sentence);
  });

  it('suggests nothing for a name close to none', () => {
    expect(() => kineto().surface.query('SELECT zzzzzz FROM kernels')).not.toThrow('Did you mean');
  });

  it('tells about its views without filling them', () => {
    const result = kineto().surface.query('PRAGMA table_info(kernels)');
    expect(result.rows[1][1]).toBe('name');
  });
});

describe('percentiles', () => {
  it('come from either end, continuous and discrete', () => {
    const values = '(VALUES (1), (2), (3), (4), (NULL))';
    const { surface } = kineto();
    const ask = (f: string, order: string) =>
      surface.query(`SELECT ${f} WITHIN GROUP (ORDER BY column1 ${order}) FROM ${values}`)
        .rows[0][0];
    expect(ask('percentile_cont(0.25)', '')).toBe(1.75);
    expect(ask('percentile_cont(0.25)', 'DESC')).toBe(3.25);
    expect(ask('percentile_disc(0.5)', '')).toBe(2);
    expect(ask('percentile_disc(0.5)', 'DESC')).toBe(3);
    expect(ask('percentile_disc(0)', '')).toBe(1);
    expect(ask('percentile_disc(1)', '')).toBe(4);
    expect(() => ask('percentile_disc(2)', '')).toThrow('0 to 1');
  });
});
