import { expect, it } from 'vitest';
import { MEMCPY, type TimedColumns } from '../../src/trace/index.js';
import { folderState, openFile, plainSql, sum } from '../unit/formats/reading.js';

const TRACES = '../shared/traces/public';
/** A plug-in's test file: its suffix has no underscore, and it has no rocpd_event. */
const SYNTHETIC = `${TRACES}/rocpd/bt2_test_rocm_database.db`;
const SUFFIX = 'cc3883073c204c7da65be8c5f67fa23c';

it('has plain SQL’s rows by name, and is left as it was', async () => {
  const before = folderState(SYNTHETIC);
  const trace = await openFile(SYNTHETIC);
  expect(folderState(SYNTHETIC)).toEqual(before);
  const rows = await plainSql(
    SYNTHETIC,
    `SELECT y.display_name, k.start - ${trace.clock.originNs}, k.end - k.start, (grid_size_x / workgroup_size_x) || 'x' || (grid_size_y / workgroup_size_y), NULL
     FROM rocpd_kernel_dispatch${SUFFIX} k JOIN rocpd_info_kernel_symbol${SUFFIX} y ON y.id = k.kernel_id
     UNION ALL SELECT s.string, m.start - ${trace.clock.originNs}, m.end - m.start, NULL, m.size
     FROM rocpd_memory_copy${SUFFIX} m JOIN rocpd_string${SUFFIX} s ON s.id = m.name_id ORDER BY 2`,
  );
  const { gpu, ranges } = trace;
  const mine = Array.from(gpu.start, (start, i) => {
    const shape = gpu.shape[i] < 0 ? null : trace.kernelShapes[gpu.shape[i]].grid;
    return [
      trace.names.get(gpu.name[i]),
      start,
      gpu.duration[i],
      shape === null ? null : `${shape[0]}x${shape[1]}`,
      gpu.kind[i] === MEMCPY ? gpu.bytes[i] : null,
    ];
  });
  expect(mine).toEqual(rows);
  const regions = await plainSql(
    SYNTHETIC,
    `SELECT count(*), sum(end - start) FROM rocpd_region${SUFFIX}`,
  );
  const total = (table: TimedColumns) => [table.count, sum(table.duration)];
  expect([total(ranges)]).toEqual(regions);
  expect(ranges.parent[1]).toBe(0);
});

it('accounts for every row, and for what the file lacks', async () => {
  const { report, gpu } = await openFile(SYNTHETIC);
  const [[samples]] = await plainSql(SYNTHETIC, `SELECT count(*) FROM rocpd_sample${SUFFIX}`);
  expect(report.rowsRead).toBe(6);
  expect(report.skipped).toEqual([]);
  expect(report.rowsInFile).toBe(6);
  // The file has the times of samples and no table of their values.
  expect(report.samples).toEqual({ inFile: samples, read: 0 });
  const told = report.warnings.map(({ code, rows }) => [code, rows]);
  expect(told).toEqual([
    ['samples-left-out', samples],
    ['no-launch', gpu.count],
    ['no-event', gpu.count],
  ]);
});
