import { describe, expect, it } from 'vitest';
import { createNodeSession } from '../../src/session/nodeSession.js';
import { KERNEL, MEMCPY, MEMSET, OP } from '../../src/trace/index.js';
import { folderState, openFile, plainSql, sum } from '../unit/formats/reading.js';

const FOLDER = '../shared/traces/public/rpd';
const SERVING = `${FOLDER}/rpd_raptor_mytrace.rpd`;
const MATMUL = `${FOLDER}/rpd_matmul_result.rpd`;

/** Calls of the tracer itself, as the two files have them. */
const OVERHEAD =
  "(a.name LIKE '%Table::writeRows' OR a.name IN ('hcc_activity_callback', 'rpdflush'))";
const APIS = `(SELECT a.*, n.string AS name, x.string AS args FROM rocpd_api a
  JOIN rocpd_string n ON n.id = a.apiName_id JOIN rocpd_string x ON x.id = a.args_id)`;

describe.each([SERVING, MATMUL])('%s', (file) => {
  it('has plain SQL’s GPU work by type: rows, sums, longest; and is left as it was', async () => {
    const before = folderState(file);
    const trace = await openFile(file);
    expect(folderState(file)).toEqual(before);
    const groups = await plainSql(
      file,
      `SELECT coalesce(nullif(d.string, ''), t.string) AS name, count(*), sum(o.end - o.start),
              max(o.end - o.start), min(o.start) - ${trace.clock.originNs},
              CASE WHEN t.string LIKE 'Copy%' THEN ${MEMCPY} WHEN t.string = 'FillBuffer' THEN ${MEMSET} ELSE ${KERNEL} END
       FROM rocpd_op o JOIN rocpd_string d ON d.id = o.description_id
       JOIN rocpd_string t ON t.id = o.opType_id GROUP BY 1, 6`,
    );
    let rows = 0;
    for (const [name, count, total, longest, first, kind] of groups) {
      const id = trace.names.find(String(name));
      const mine = Array.from(trace.gpu.name.keys()).filter((i) => trace.gpu.name[i] === id);
      expect([name, mine.length]).toEqual([name, count]);
      expect(sum(trace.gpu.duration, (i) => trace.gpu.name[i] === id)).toBe(total);
      expect(Math.max(...mine.map((i) => trace.gpu.duration[i]))).toBe(longest);
      expect(trace.gpu.start[mine[0]]).toBe(first);
      expect(new Set(mine.map((i) => trace.gpu.kind[i]))).toEqual(new Set([kind]));
      rows += Number(count);
    }
    expect(trace.gpu.count).toBe(rows);
  });

  it('has plain SQL’s calls, markers and overhead', async () => {
    const trace = await openFile(file);
    const { launches, ranges, host } = trace;
    const [[calls, callTime, markers, markerTime, others, overhead, overheadTime]] = await plainSql(
      file,
      `SELECT count(*) FILTER (WHERE name LIKE 'hip%'), total(a.end - a.start) FILTER (WHERE name LIKE 'hip%'),
        count(*) FILTER (WHERE name = 'UserMarker'), total(a.end - a.start) FILTER (WHERE name = 'UserMarker'),
        count(*) FILTER (WHERE name = 'run_to_completion'),
        count(*) FILTER (WHERE ${OVERHEAD}), total(a.end - a.start) FILTER (WHERE ${OVERHEAD}) FROM ${APIS} a`,
    );
    expect([launches.count, sum(launches.duration)]).toEqual([calls, callTime]);
    const whole = trace.names.find('run_to_completion');
    expect(ranges.count).toBe(Number(markers) + Number(others));
    expect(sum(ranges.duration, (i) => ranges.name[i] !== whole)).toBe(markerTime);
    expect([host.count, sum(host.duration)]).toEqual([overhead, overheadTime]);
    const byName = await plainSql(
      file,
      `SELECT CASE name WHEN 'UserMarker' THEN args ELSE name END AS n, count(*) FROM ${APIS} GROUP BY 1`,
    );
    const mine = new Map<string, number>();
    for (const table of [launches, ranges, host]) {
      for (const name of table.name) {
        mine.set(trace.names.get(name), (mine.get(trace.names.get(name)) ?? 0) + 1);
      }
    }
    expect([...mine].sort()).toEqual(byName.map(([name, count]) => [name, count]).sort());
  });

  it('accounts for every row', async () => {
    const { report } = await openFile(file);
    const [[inFile, samples]] = await plainSql(
      file,
      `SELECT (SELECT count(*) FROM rocpd_op) + (SELECT count(*) FROM rocpd_api),
              (SELECT count(*) FROM rocpd_monitor)`,
    );
    expect(report.rowsInFile).toBe(inFile);
    expect(report.rowsRead).toBe(inFile);
    expect(report.samples).toEqual({ inFile: samples, read: samples });
    expect(report.skipped).toEqual([]);
    expect(report.warnings).toEqual([]);
  });

  it('has every sample of the clocks', async () => {
    const trace = await openFile(file);
    const rows = await plainSql(
      file,
      `SELECT deviceId, start - ${trace.clock.originNs}, CAST(value AS REAL) FROM rocpd_monitor ORDER BY 1, 2`,
    );
    const mine = trace.counters.flatMap(({ name, unit, time, value }) => {
      expect([name.replace(/\d+/, 'N'), unit]).toEqual(['sclk (SMI device N)', 'MHz']);
      return Array.from(time, (at, i) => [Number(/\d+/.exec(name)), at, value[i]]);
    });
    expect(mine.sort((a, b) => a[0] - b[0] || a[1] - b[1])).toEqual(rows);
  });

  it('links every piece of work to the call SQL links it to', async () => {
    const trace = await openFile(file);
    const { gpu, launches } = trace;
    const rows = await plainSql(
      file,
      `SELECT o.start - ${trace.clock.originNs}, a.start - ${trace.clock.originNs}, a.name FROM rocpd_op o
       LEFT JOIN rocpd_api_ops l ON l.op_id = o.id LEFT JOIN ${APIS} a ON a.id = l.api_id
       ORDER BY o.start, o.end - o.start DESC, o.id`,
    );
    const mine = Array.from(gpu.launch, (launch, i) => [
      gpu.start[i],
      launches.start[launch],
      trace.names.get(launches.name[launch]),
    ]);
    expect(mine).toEqual(rows);
    const [[replayed]] = await plainSql(
      file,
      `SELECT count(*) FROM rocpd_api_ops l JOIN ${APIS} a ON a.id = l.api_id WHERE a.name = 'hipGraphLaunch'`,
    );
    expect(gpu.replayed.filter((bit) => bit === 1).length).toBe(replayed);
  });

  it('has the bytes of copies, and the geometry of launches in blocks', async () => {
    const trace = await openFile(file);
    const { gpu } = trace;
    const [[bytes, copies]] = await plainSql(
      file,
      `SELECT total(c.size), count(*) FROM rocpd_copyapi c WHERE EXISTS (
         SELECT 1 FROM rocpd_api_ops l JOIN rocpd_op o ON o.id = l.op_id
         JOIN rocpd_string t ON t.id = o.opType_id WHERE l.api_id = c.api_ptr_id AND t.string LIKE 'Copy%')`,
    );
    const known = (i: number): boolean => !Number.isNaN(gpu.bytes[i]);
    expect([sum(gpu.bytes, known), gpu.bytes.filter((b) => !Number.isNaN(b)).length]).toEqual([
      bytes,
      copies,
    ]);
    const shapes = await plainSql(
      file,
      `SELECT CASE a.name WHEN 'hipExtModuleLaunchKernel' THEN gridX / workgroupX ELSE gridX END || ' ' ||
              CASE a.name WHEN 'hipExtModuleLaunchKernel' THEN gridY / workgroupY ELSE gridY END || ' ' || workgroupX AS s,
              count(*) FROM rocpd_kernelapi k JOIN ${APIS} a ON a.id = k.api_ptr_id GROUP BY 1 ORDER BY 1`,
    );
    const mine = new Map<string, number>();
    for (const shape of gpu.shape.filter((s) => s >= 0)) {
      const { grid, block } = trace.kernelShapes[shape];
      const text = `${grid[0]} ${grid[1]} ${block[0]}`;
      mine.set(text, (mine.get(text) ?? 0) + 1);
    }
    expect([...mine].sort()).toEqual(shapes.map(([s, n]) => [s, n]).sort());
  });
});

it('the serving trace knows its operators from the file’s own list', async () => {
  const { ranges } = await openFile(SERVING);
  const [[operators]] = await plainSql(SERVING, 'SELECT count(*) FROM ext_autogradapi');
  expect(ranges.kind.filter((kind) => kind === OP).length).toBe(operators);
});

it('the matrix product’s one GEMM has a grid of 7 x 782 blocks, though its call counts work-items', async () => {
  const trace = await openFile(MATMUL);
  const grids = trace.kernelShapes.map(({ grid, block }) => `${grid.join('x')} ${block.join('x')}`);
  expect(grids).toContain('7x782x1 256x1x1');
});

it('ranges nest as the file’s own call stack has them', async () => {
  const trace = await openFile(SERVING);
  const { ranges, launches } = trace;
  // ext_callstack is a closure: a row at depth 1 is the nearest range around a call.
  const [[inside]] = await plainSql(
    SERVING,
    `SELECT count(*) FROM ext_callstack c JOIN ${APIS} a ON a.id = c.child_id WHERE c.depth = 1 AND a.name LIKE 'hip%'`,
  );
  expect(launches.range.filter((range) => range >= 0).length).toBe(inside);
  const around = await plainSql(
    SERVING,
    `SELECT CASE p.name WHEN 'UserMarker' THEN p.args ELSE p.name END AS parent, count(*) FROM ext_callstack c
     JOIN ${APIS} a ON a.id = c.child_id JOIN ${APIS} p ON p.id = c.parent_id
     WHERE c.depth = 1 AND a.name LIKE 'hip%' GROUP BY 1`,
  );
  const mine = new Map<string, number>();
  for (const range of launches.range.filter((r) => r >= 0)) {
    const name = trace.names.get(ranges.name[range]);
    mine.set(name, (mine.get(name) ?? 0) + 1);
  }
  expect([...mine].sort()).toEqual(around.map(([name, count]) => [name, count]).sort());
});

it('the serving trace’s kernels fall into the 32 layers of its model, replayed or not', async () => {
  const session = createNodeSession();
  try {
    await session.open([SERVING]);
    // Attention kernels run once a layer and step: 20 steps are replayed from graphs, 2 are not.
    const { rows } = await session.query({
      sql: `SELECT layer_index, layer_type, count(*), sum(replayed) FROM kernels
            WHERE name LIKE '%paged_attention_ll4mi_QKV%' OR name LIKE '_ZN7ck_tile6kentry%Fmha%'
            GROUP BY 1, 2 ORDER BY 1`,
    });
    expect(rows).toEqual(Array.from({ length: 32 }, (_, layer) => [layer, 'attention', 22, 20]));
    const [[classified]] = (
      await session.query({
        sql: `SELECT sum(duration_ns) FILTER (WHERE layer_type <> 'unclassified') * 1.0 / sum(duration_ns)
              FROM (SELECT layer_type, duration_ns FROM kernels UNION ALL SELECT layer_type, duration_ns FROM memory_ops)`,
      })
    ).rows;
    expect(Number(classified)).toBeGreaterThan(0.97);
  } finally {
    await session.close();
  }
});
