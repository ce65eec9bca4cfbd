import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import { KERNEL, MEMCPY, MEMSET, NO_STACK, OP, RANGE_KINDS } from '../../../src/trace/index.js';
import {
  folderState,
  gpuRows,
  launchName,
  makeDatabase,
  openBytes,
  openFile,
  plainSql,
  readers,
  refusalOf,
} from './reading.js';

const SERVING = 'test/fixtures/rpd/serving.rpd';
const RLOG = 'test/fixtures/rpd/rlog_3.rpd';

describe('an RPD trace', () => {
  it('has the rows SQL finds, exact to the nanosecond, and is left as it was', async () => {
    const before = folderState(SERVING);
    const trace = await openFile(SERVING);
    expect(folderState(SERVING)).toEqual(before);
    expect([trace.format, trace.formatLabel]).toEqual(['rpd', 'RPD']);
    expect(trace.clock).toMatchObject({ originNs: 3489389197956317n, epoch: 'session' });
    const ops = await plainSql(
      SERVING,
      `SELECT o.start - ${trace.clock.originNs}, o.end - o.start FROM rocpd_op o
       JOIN rocpd_string t ON t.id = o.opType_id WHERE t.string <> 'Barrier' AND o.end >= o.start
       ORDER BY o.start, o.end - o.start DESC`,
    );
    expect(Array.from(trace.gpu.start, (start, i) => [start, trace.gpu.duration[i]])).toEqual(ops);
  });

  it('accounts for every row', async () => {
    const { report, gpu, launches, ranges, host } = await openFile(SERVING);
    const [[inFile]] = await plainSql(
      SERVING,
      `SELECT (SELECT count(*) FROM rocpd_op) + (SELECT count(*) FROM rocpd_api)`,
    );
    expect(report.rowsInFile).toBe(inFile);
    expect(report.rowsRead).toBe(gpu.count + launches.count + ranges.count + host.count);
    expect(report.skipped).toEqual([
      { reason: 'barriers and markers of a queue, which are no work', rows: 1 },
      { reason: 'a negative duration', rows: 1 },
    ]);
    expect(report.rowsInFile - report.rowsRead).toBe(2);
    expect(report.samples).toEqual({ inFile: 2, read: 1 });
  });

  it('names kernels by their row, else by their call; graph kernels have no call of their own', async () => {
    const trace = await openFile(SERVING);
    expect(gpuRows(trace, 'named_by_its_call').length).toBe(1);
    const replayed = Array.from(trace.gpu.start.keys()).filter((i) => trace.gpu.replayed[i] === 1);
    expect(replayed.map((i) => launchName(trace, i))).toEqual(Array(6).fill('hipGraphLaunch'));
    expect(replayed.map((i) => trace.gpu.shape[i])).toEqual(Array(6).fill(-1));
    // The file's own view leaves out those without arguments, and has one with two calls twice.
    const [[viewed]] = await plainSql(SERVING, 'SELECT count(*) FROM kernel');
    const kernels = trace.gpu.kind.filter((kind) => kind === KERNEL).length;
    expect([viewed, kernels]).toEqual([6, 11]);
  });

  it('counts grids in blocks, whatever the call counts', async () => {
    const trace = await openFile(SERVING);
    const shape = (name: string) => trace.kernelShapes[trace.gpu.shape[gpuRows(trace, name)[0]]];
    expect(shape('Cijk_Ailk_Bljk_SB_MT128x64x16').grid).toEqual([7, 782, 1]);
    expect(shape('Cijk_Ailk_Bljk_SB_MT128x64x16').block).toEqual([256, 1, 1]);
    // This call launched several, so its arguments are those of neither.
    expect(trace.gpu.shape[gpuRows(trace, 'void add_kernel<float>(float*, int)')[0]]).toBe(-1);
  });

  it('gives copies their bytes where one call made one copy', async () => {
    const trace = await openFile(SERVING);
    const bytes = (name: string) => gpuRows(trace, name).map((i) => trace.gpu.bytes[i]);
    expect(bytes('CopyHostToDevice')).toEqual([65_536, NaN, NaN]);
    expect(bytes('CopyDeviceToHost')).toEqual([4096]);
    expect(gpuRows(trace, 'FillBuffer').map((i) => trace.gpu.kind[i])).toEqual([MEMSET]);
    expect(gpuRows(trace, 'CopyDeviceToDevice').map((i) => trace.gpu.kind[i])).toEqual([MEMCPY]);
  });

  it('links by rocpd_api_ops alone, and tells what has no call', async () => {
    const trace = await openFile(SERVING);
    expect(launchName(trace, gpuRows(trace, 'kernel_without_a_call')[0])).toBe('');
    expect(launchName(trace, gpuRows(trace, 'kernel_of_a_lost_call')[0])).toBe('');
    expect(launchName(trace, gpuRows(trace, 'kernel_with_two_calls')[0])).toBe('hipLaunchKernel');
    const told = trace.report.warnings.map(({ code, rows }) => [code, rows]);
    expect(told).toContainEqual(['no-launch', 2]);
    expect(told).toContainEqual(['linked-twice', 1]);
    expect(told).toContainEqual(['damaged-rows', 1]);
  });

  it('has markers as annotations, operators as such, the tracer itself as overhead', async () => {
    const { ranges, names, launches, host } = await openFile(SERVING);
    const found = Array.from(ranges.name, (name, i) => [
      names.get(name),
      RANGE_KINDS[ranges.kind[i]],
    ]);
    expect(found).toEqual([
      ['run_to_completion', 'annotation'],
      ['execute_model', 'annotation'],
      ['aten::add', 'op'],
      ['prefill: batch 4', 'annotation'],
      ['FlashAttnVarlenFunc', 'op'],
    ]);
    const parent = (i: number) => names.get(ranges.name[ranges.parent[i]]);
    expect([parent(1), parent(2)]).toEqual(['run_to_completion', 'execute_model']);
    expect(names.get(ranges.name[launches.range[0]])).toBe('aten::add');
    expect(ranges.kind[ranges.parent[1]]).not.toBe(OP);
    expect(Array.from(host.name, (name) => names.get(name))).toEqual([
      'OpTable::writeRows',
      'hcc_activity_callback',
    ]);
  });

  it('has clocks and power as tracks, by the numbers of the management interface', async () => {
    const trace = await openFile(RLOG);
    const rows = await plainSql(
      RLOG,
      `SELECT monitorType || ' (SMI device ' || deviceId || ')', start - ${trace.clock.originNs}, CAST(value AS REAL)
       FROM rocpd_monitor WHERE value GLOB '[0-9]*' ORDER BY 1, 2`,
    );
    const monitors = trace.counters.filter(({ source }) => source === 'rocpd_monitor');
    const mine = monitors
      .flatMap(({ name, time, value }) => Array.from(time, (at, i) => [name, at, value[i]]))
      .sort((a, b) => (a[0] === b[0] ? Number(a[1]) - Number(b[1]) : a[0] < b[0] ? -1 : 1));
    expect(mine).toEqual(rows);
    expect(monitors.map(({ name, unit, device }) => [name, unit, device]).sort()).toEqual([
      ['power (SMI device 0)', 'W', -1],
      ['sclk (SMI device 0)', 'MHz', -1],
      ['sclk (SMI device 1)', 'MHz', -1],
      ['temp_hotspot (SMI device 0)', '°C', -1],
    ]);
  });

  it('has hardware counters of kernels at their start, on their GPU', async () => {
    const trace = await openFile(RLOG);
    const rows = await plainSql(
      RLOG,
      `SELECT o.gpuId, s.string, o.start - ${trace.clock.originNs}, c.value FROM rocpd_counter c
       JOIN rocpd_op o ON o.id = c.op_id JOIN rocpd_string s ON s.id = c.name_id ORDER BY 1, 2, 3`,
    );
    const mine = trace.counters
      .filter(({ source }) => source === 'rocpd_counter')
      .flatMap(({ device, name, time, value }) =>
        Array.from(time, (at, i) => [device, name, at, value[i]]),
      )
      .sort((a, b) => Number(a[0]) - Number(b[0]) || (a[1] < b[1] ? -1 : 1));
    expect(mine).toEqual(rows);
    const [[samples]] = await plainSql(
      RLOG,
      'SELECT (SELECT count(*) FROM rocpd_counter) + (SELECT count(*) FROM rocpd_monitor)',
    );
    // One is of no work, and one has no number.
    expect(trace.report.samples).toEqual({ inFile: samples, read: Number(samples) - 2 });
    expect(trace.report.rowsInFile).toBe(trace.report.rowsRead);
    expect(trace.report.warnings.map(({ code, rows: n }) => [code, n])).toEqual([
      ['samples-left-out', 2],
    ]);
  });

  it('of schema 3 takes arguments from their own table, and places rows by their domain', async () => {
    const { ranges, names, launches, host, report } = await openFile(RLOG);
    expect(
      Array.from(ranges.name, (name, i) => [
        names.get(name),
        RANGE_KINDS[ranges.kind[i]],
        ranges.duration[i],
      ]),
    ).toEqual([
      ['execute_model', 'annotation', 90_000],
      ['aten::mm', 'op', 79_900],
      ['layer 7', 'annotation', 69_800],
      ['checkpoint', 'annotation', 0],
    ]);
    expect(Array.from(launches.name, (name) => names.get(name))).toEqual(
      Array(4).fill('hipLaunchKernel'),
    );
    expect(Array.from(host.name, (name) => names.get(name))).toEqual(['ApiTable::insert']);
    expect(report.facts).toContainEqual({ name: 'RPD schema', value: '3' });
  });

  it('of schema 3 has the stacks of calls, innermost first', async () => {
    const trace = await openFile(RLOG);
    const stackOf = (launch: number) =>
      Array.from(trace.stacks.stacks[trace.launches.stack[launch]], (id) => {
        const { function: name, file, line, library } = trace.stacks.frames[id];
        return [name, file, line, library];
      });
    expect(stackOf(0)).toEqual([
      ['hipLaunchKernel', '', 0, '/opt/rocm/lib/libamdhip64.so.6'],
      [
        'hipError_t launch<float>(float**, unsigned long)',
        '/opt/rocm/include/hip/hip_runtime_api.h',
        9360,
        '',
      ],
      ['main_foo(int, char**)', '/srv/bitonic_sort/main.hip', 169, ''],
      ['', '', 0, '/srv/bitonic_sort/bitonic_sort'],
    ]);
    expect(stackOf(1)).toEqual([
      ['rocblas_dgemm', '', 0, '/opt/rocm-6.3.1/lib/librocblas.so.4.3.60301'],
      [
        'at::native::(anonymous namespace)::addmm_out_cuda_impl',
        '',
        0,
        '/opt/torch/lib/libtorch_hip.so',
      ],
      ['forward', '/srv/model.py', 10, ''],
      ['a frame in no known way', '', 0, ''],
    ]);
    expect(Array.from(trace.launches.stack.slice(2))).toEqual([NO_STACK, NO_STACK]);
    expect(trace.report.missing).not.toContain('python stacks');
  });

  it('makes a rank of each process with GPUs of its own, by GPU number', async () => {
    const trace = await openFile('test/fixtures/rpd/two_processes.rpd');
    // How many ranks the job had the file does not say.
    expect(trace.ranks.map(({ rank, worldSize, label }) => [rank, worldSize, label])).toEqual([
      [-1, -1, 'processes without a GPU'],
      [0, -1, 'rank 0'],
      [1, -1, 'rank 1'],
    ]);
    const streams = trace.lanes.filter(({ kind }) => kind === 'stream');
    expect(
      streams.map(({ device, process, rank }) => [device, process, trace.ranks[rank].rank]),
    ).toEqual([
      [3, '702', 1],
      [2, '701', 0],
    ]);
  });

  it('takes a rank number from the file’s name, and the ranks of a run together', async () => {
    const bytes = new Uint8Array(readFileSync(SERVING));
    const sources = [1, 0].map((rank) =>
      bytesSource(`/m/trace_rank${rank}.rpd`, `trace_rank${rank}.rpd`, bytes),
    );
    const fractions: number[] = [];
    const trace = await openTrace(sources, await readers(), {
      progress: ({ fraction }) => fractions.push(fraction ?? 0),
    });
    expect(trace.ranks.map(({ label }) => label)).toEqual(['rank 0', 'rank 1']);
    expect(trace.gpu.count).toBe(2 * 17);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    for (let i = 0; i < trace.gpu.count; i++) {
      const launch = trace.gpu.launch[i];
      if (launch >= 0) {
        const call = trace.lanes[trace.launches.lane[launch]];
        expect(trace.lanes[trace.gpu.lane[i]].rank).toBe(call.rank);
        expect(trace.launches.correlation?.[launch]).toBe(trace.gpu.correlation[i]);
      }
    }
  });

  it('a time of 0 was not recorded, and moves the trace nowhere', async () => {
    const trace = await openBytes(
      await makeDatabase(
        'CREATE TABLE rocpd_op(id, gpuId, queueId, start, "end", description_id, opType_id)',
        'CREATE TABLE rocpd_api(id, pid, tid, start, "end", apiName_id, args_id)',
        'CREATE TABLE rocpd_string(id, string)',
        "INSERT INTO rocpd_string VALUES (1, 'k'), (2, 'KernelExecution')",
        'INSERT INTO rocpd_op VALUES (1, 0, 0, 3489389197956317, 3489389197956320, 1, 2), (2, 0, 0, 0, 0, 1, 2), (3, 0, 0, 3489389197956317, 0, 1, 2)',
      ),
      'zero.rpd',
    );
    expect([trace.gpu.count, trace.spanNs]).toEqual([1, 3]);
    expect(trace.report.skipped).toEqual([{ reason: 'no start or no end', rows: 2 }]);
  });

  it('without the tables it needs is refused by what is missing', async () => {
    const error = await refusalOf(
      openBytes(
        await makeDatabase(
          'CREATE TABLE rocpd_op(id, start, "end", opType_id)',
          'CREATE TABLE rocpd_api(id, start, apiName_id)',
        ),
        'half.rpd',
      ),
    );
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain('it lacks rocpd_api.end, the table rocpd_string');
  });

  it('without links, arguments and samples still opens', async () => {
    const trace = await openBytes(
      await makeDatabase(
        'CREATE TABLE rocpd_op(id, gpuId, queueId, start, "end", description_id, opType_id)',
        'CREATE TABLE rocpd_api(id, pid, tid, start, "end", apiName_id, args_id)',
        'CREATE TABLE rocpd_string(id, string)',
        "INSERT INTO rocpd_string VALUES (1, 'k'), (2, 'KernelExecution')",
        'INSERT INTO rocpd_op VALUES (1, 0, 0, 10, 20, 1, 2)',
      ),
      'bare.rpd',
    );
    expect([trace.gpu.count, trace.gpu.launch[0], trace.spanNs]).toEqual([1, -1, 10]);
  });
});
