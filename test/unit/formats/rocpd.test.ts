import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { HOST_KINDS, KERNEL, RANGE_KINDS } from '../../../src/trace/index.js';
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

const FIXTURES = 'test/fixtures/rocpd';
const MERGED = `${FIXTURES}/merged_3.0.2.db`;
const SUFFIXES = ['_00003fdc_92cb_72cb_9169_c7e541b1fcdf', '_00004abc_1111_2222_3333_444455556666'];
const union = (select: (suffix: string) => string): string =>
  SUFFIXES.map(select).join(' UNION ALL ');

describe('a file of two recordings', () => {
  it('has all kernels of both, exact to the nanosecond, and is left as it was', async () => {
    const before = folderState(MERGED);
    const trace = await openFile(MERGED);
    expect(folderState(MERGED)).toEqual(before);
    expect([trace.format, trace.formatLabel]).toEqual(['rocpd', 'ROCm rocpd 3.0.2, 3.0.1']);
    const rows = await plainSql(
      MERGED,
      `SELECT start - ${trace.clock.originNs}, d, name FROM (${union(
        (s) => `SELECT k.start, k.end - k.start AS d,
          coalesce(y.display_name, replace(y.kernel_name, '.kd', ''), '(no name)') AS name
          FROM "rocpd_kernel_dispatch${s}" k
          LEFT JOIN "rocpd_info_kernel_symbol${s}" y ON y.id = k.kernel_id WHERE k.end >= k.start`,
      )}) ORDER BY 1, 2 DESC, 3`,
    );
    const kernels = Array.from(trace.gpu.kind.keys()).filter((i) => trace.gpu.kind[i] === KERNEL);
    const mine = kernels.map((i) => [
      trace.gpu.start[i],
      trace.gpu.duration[i],
      trace.names.get(trace.gpu.name[i]),
    ]);
    expect(mine).toEqual(rows);
    // The file's own view has a part of one recording.
    const [[viewed]] = await plainSql(MERGED, 'SELECT count(*) FROM kernels');
    expect(Number(viewed)).toBeLessThan(kernels.length / 2);
  });

  it('accounts for every row', async () => {
    const { report, gpu, launches, ranges, host } = await openFile(MERGED);
    const tables = ['kernel_dispatch', 'memory_copy', 'memory_allocate', 'region', 'sample'];
    const counts = tables.flatMap((table) =>
      SUFFIXES.map((s) => `(SELECT count(*) FROM "rocpd_${table}${s}")`),
    );
    const [[inFile]] = await plainSql(MERGED, `SELECT ${counts.join(' + ')}`);
    // Samples of counters are no events: of the rows of rocpd_sample those without a mark.
    const [[values]] = await plainSql(
      MERGED,
      `SELECT ${SUFFIXES.map((s) => `(SELECT count(*) FROM "rocpd_pmc_event${s}")`).join(' + ')}`,
    );
    expect(report.samples).toEqual({ inFile: values, read: values });
    expect(report.rowsInFile).toBe(Number(inFile) - Number(values));
    expect(report.rowsRead).toBe(gpu.count + launches.count + ranges.count + host.count);
    expect(report.skipped).toEqual([
      { reason: 'sampled call stacks, which are no calls', rows: 4 },
      { reason: 'a negative duration', rows: 2 },
    ]);
    const skipped = report.skipped.reduce((sum, { rows }) => sum + rows, 0);
    expect(report.rowsInFile).toBe(report.rowsRead + skipped);
  });

  it('links work to calls by stack_id within its recording, as SQL does', async () => {
    const trace = await openFile(MERGED);
    const rows = await plainSql(
      MERGED,
      `SELECT call, count(*) FROM (${union(
        (s) => `SELECT (SELECT n.string FROM "rocpd_region${s}" r
            JOIN "rocpd_event${s}" re ON re.id = r.event_id JOIN "rocpd_string${s}" n ON n.id = r.name_id
            WHERE re.stack_id = e.stack_id AND re.stack_id > 0 ORDER BY n.string LIKE '%Launch%' DESC LIMIT 1) AS call
          FROM (SELECT event_id, start, "end" FROM "rocpd_kernel_dispatch${s}"
            UNION ALL SELECT event_id, start, "end" FROM "rocpd_memory_copy${s}") w
          LEFT JOIN "rocpd_event${s}" e ON e.id = w.event_id WHERE w."end" >= w.start`,
      )}) GROUP BY 1 ORDER BY 1`,
    );
    const mine = new Map<string, number>();
    for (let i = 0; i < trace.gpu.count; i++) {
      mine.set(launchName(trace, i), (mine.get(launchName(trace, i)) ?? 0) + 1);
      if (trace.gpu.launch[i] >= 0) {
        const [work, call] = [trace.gpu.lane[i], trace.launches.lane[trace.gpu.launch[i]]];
        expect(trace.lanes[work].rank).toBe(trace.lanes[call].rank);
      }
    }
    expect([...mine].sort()).toEqual(rows.map(([call, count]) => [call ?? '', count]));
    const told = trace.report.warnings.map(({ code, rows: n }) => [code, n]);
    expect(told).toContainEqual(['no-launch', 10]);
    expect(told).toContainEqual(['no-event', 4]);
    expect(told).toContainEqual(['unnamed', 2]);
    expect(trace.gpu.replayed.filter((bit) => bit === 1).length).toBe(8);
  });

  it('counts grids in blocks, where the file counts work-items', async () => {
    const trace = await openFile(MERGED);
    const grids = trace.kernelShapes.map(({ grid, block }) => [...grid, ...block].join(' '));
    expect(grids).toEqual(['4 3 1 256 1 1', '7 782 1 256 1 1']);
  });

  it('has streams of each GPU, copies on the GPU’s side', async () => {
    const trace = await openFile(MERGED);
    const lane = (i: number) => trace.lanes[trace.gpu.lane[i]];
    expect(gpuRows(trace, 'MEMORY_COPY_HOST_TO_DEVICE').map((i) => lane(i).device)).toEqual([0, 0]);
    expect(gpuRows(trace, 'MEMORY_COPY_DEVICE_TO_HOST').map((i) => lane(i).device)).toEqual([1, 1]);
    expect(gpuRows(trace, 'MEMORY_COPY_HOST_TO_DEVICE').map((i) => trace.gpu.bytes[i])).toEqual([
      65_536, 65_536,
    ]);
    const streams = trace.lanes.filter(({ kind }) => kind === 'stream');
    expect(streams.map(({ process, device, id, label }) => [process, device, id, label])).toEqual([
      ['700', 0, '1', 'Default Stream'],
      ['700', 0, '2', 'stream 2'],
      ['700', 1, '', 'copies'],
      ['701', 1, '1', 'Default Stream'],
      ['701', 1, '2', 'stream 2'],
      ['701', 0, '2', 'stream 2'],
      ['701', 1, '', 'copies'],
    ]);
  });

  it('has markers by their text, marks without a length, allocations as host events', async () => {
    const { ranges, names, host, launches } = await openFile(MERGED);
    const found = Array.from(ranges.name, (name, i) =>
      [names.get(name), RANGE_KINDS[ranges.kind[i]], ranges.duration[i]].join(' '),
    );
    expect(found.sort()).toEqual(
      ['aten::add op 49000', 'here annotation 0', 'step 7 annotation 900000']
        .flatMap((text) => [text, text])
        .sort(),
    );
    expect(names.get(ranges.name[launches.range[0]])).toBe('aten::add');
    const memory = HOST_KINDS.indexOf('memory');
    const named = Array.from(host.name.keys())
      .filter((i) => host.kind[i] === memory)
      .map((i) => names.get(host.name[i]));
    expect(new Set(named)).toEqual(new Set(['memory alloc (real)', 'memory free (virtual)']));
    expect(names.find('pthread_mutex_lock')).toBeDefined();
  });

  it('has the stacks of calls, leaf first', async () => {
    const trace = await openFile(MERGED);
    const stackOf = (call: string) => {
      const i = trace.launches.name.indexOf(trace.names.find(call) ?? -1);
      const stack = trace.stacks.stacks[trace.launches.stack[i]];
      return Array.from(stack, (frame) => trace.stacks.frames[frame]);
    };
    expect(stackOf('hipExtModuleLaunchKernel')).toEqual([
      { file: '/srv/model.py', line: 42, function: 'forward', library: '' },
    ]);
    expect(stackOf('hipMemcpyAsync').map(({ function: f, line }) => [f, line])).toEqual([
      ['copy_in', 3],
      ['main', 9],
    ]);
  });

  it('shows nothing private', async () => {
    const { report, ranks, lanes, formatLabel } = await openFile(MERGED);
    expect(JSON.stringify({ report, ranks, lanes, formatLabel })).not.toMatch(/secret/i);
    expect(readFileSync(MERGED).includes('secret-host')).toBe(true);
    expect(report.facts).toContainEqual({ name: 'GPU', value: '2 x AMD Instinct MI300X' });
  });
});

describe('counters', () => {
  const COUNTERS = `${FIXTURES}/counters_3.0.5.db`;
  const [s] = ['_0000_305'];

  it('of kernels stand at their start, summed over the parts of a GPU as rocprofv3’s own view does', async () => {
    const trace = await openFile(COUNTERS);
    const rows = await plainSql(
      COUNTERS,
      `SELECT a.type_index, p.name, p.units, k.start - ${trace.clock.originNs}, sum(e.value)
       FROM "rocpd_pmc_event${s}" e JOIN "rocpd_info_pmc${s}" p ON p.id = e.pmc_id
       JOIN "rocpd_kernel_dispatch${s}" k ON k.event_id = e.event_id JOIN "rocpd_info_agent${s}" a ON a.id = k.agent_id
       GROUP BY k.dispatch_id, p.name, k.agent_id HAVING min(typeof(e.value)) = 'real' AND max(typeof(e.value)) = 'real'
       ORDER BY 1, 2, 4`,
    );
    const mine = trace.counters
      .filter(({ source }) => source === 'rocpd_pmc_event')
      .flatMap(({ device, name, unit, time, value }) =>
        Array.from(time, (at, i) => [device, name, unit, at, value[i]]),
      )
      .sort((a, b) => Number(a[0]) - Number(b[0]) || (String(a[1]) < String(b[1]) ? -1 : 1));
    expect(rows).toHaveLength(11);
    expect(mine).toEqual(rows);
  });

  it('of a time series stand at their samples, in time order, each part with a track', async () => {
    const trace = await openFile(COUNTERS);
    const rows = await plainSql(
      COUNTERS,
      `SELECT m.timestamp - ${trace.clock.originNs}, e.value FROM "rocpd_sample${s}" m
       JOIN "rocpd_pmc_event${s}" e ON e.event_id = m.event_id WHERE typeof(e.value) = 'real' ORDER BY 1`,
    );
    const of = (wanted: string) =>
      trace.counters
        .filter(({ name, source }) => name === wanted && source === 'rocpd_sample')
        .map(({ device, unit, time, value }) => ({
          device,
          unit,
          points: Array.from(time, (at, i) => [at, value[i]]),
        }));
    expect(rows).toHaveLength(3);
    expect(of('CPU frequency')).toEqual([{ device: -1, unit: 'MHz', points: rows }]);
    for (const xcc of [0, 1]) {
      const streamed = await plainSql(
        COUNTERS,
        `SELECT m.timestamp - ${trace.clock.originNs}, e.value FROM "rocpd_sample${s}" m
         JOIN "rocpd_pmc_event${s}" e ON e.sample_id = m.id WHERE e.xcc = ${xcc} ORDER BY 1`,
      );
      expect(of(`SQ_WAVES (XCC ${xcc}, shader engine 3)`)).toEqual([
        { device: 0, unit: '', points: streamed },
      ]);
    }
  });

  it('are counted apart from events, those left out with the reason', async () => {
    const { report, counters } = await openFile(COUNTERS);
    // A kernel's values of one counter, one for each part of the GPU, are one sample.
    const [[values, samples, events]] = await plainSql(
      COUNTERS,
      `SELECT (SELECT count(*) FROM (SELECT DISTINCT event_id, pmc_id, sample_id, CASE WHEN sample_id > 0 THEN xcc END FROM "rocpd_pmc_event${s}")),
              (SELECT count(*) FROM "rocpd_sample${s}"),
              (SELECT count(*) FROM "rocpd_kernel_dispatch${s}") + (SELECT count(*) FROM "rocpd_region${s}")`,
    );
    expect(samples).toBe(7);
    expect(report.samples).toEqual({ inFile: Number(values) + 1, read: Number(values) - 3 });
    expect([report.rowsInFile, report.rowsRead, report.skipped]).toEqual([events, events, []]);
    expect(report.warnings.find(({ code }) => code === 'samples-left-out')).toEqual({
      code: 'samples-left-out',
      message:
        '4 counter samples were left out: without a number (2), without a time (1), of a track without values (rocpd_sample) (1).',
      rows: 4,
    });
    expect(counters.reduce((all, { time }) => all + time.length, 0)).toBe(report.samples?.read);
  });
});

describe('other layouts', () => {
  it('two recordings in the same tables are told apart by guid', async () => {
    const trace = await openFile(`${FIXTURES}/two_guids.db`);
    expect(trace.ranks.map(({ label }) => label)).toEqual(['process 800', 'process 801']);
    for (const n of [0, 1]) {
      const [i] = gpuRows(trace, `kernel_of_${n}`);
      expect(trace.gpu.duration[i]).toBe(500 + n);
      const call = trace.launches.lane[trace.gpu.launch[i]];
      expect(trace.lanes[call].process).toBe(String(800 + n));
    }
  });

  it('one file a process: opened together they are ranks of one run', async () => {
    const sources = [901, 902].map((pid) => {
      const name = `process_${pid}.db`;
      return bytesSource(`/m/${name}`, name, new Uint8Array(readFileSync(`${FIXTURES}/${name}`)));
    });
    const trace = await openTrace(sources, await readers());
    expect(trace.ranks.map(({ label }) => label)).toEqual(['process_901.db', 'process_902.db']);
    expect(trace.gpu.count).toBe(12);
    for (let i = 0; i < trace.gpu.count; i++) {
      const call = trace.launches.lane[trace.gpu.launch[i]];
      expect(trace.lanes[trace.gpu.lane[i]].rank).toBe(trace.lanes[call].rank);
    }
    // All work is on one stream: the queues are the lanes.
    const queues = trace.lanes.filter(({ kind }) => kind === 'stream');
    expect(queues.map(({ label, device }) => [label, device])).toEqual([
      ['Queue 1', 0],
      ['Queue 2', 0],
      ['Queue 1', 1],
      ['Queue 2', 1],
    ]);
  });

  it('schema 4.1 tells places by tracks, stacks by rows', async () => {
    const trace = await openFile(`${FIXTURES}/tracks_4.1.db`);
    expect(trace.formatLabel).toBe('ROCm rocpd 4.1.0');
    const [kernel] = gpuRows(trace, 'kernel_of_4');
    expect(trace.lanes[trace.gpu.lane[kernel]]).toMatchObject({
      kind: 'stream',
      device: 0,
      id: '2',
      process: '410',
    });
    expect(launchName(trace, kernel)).toBe('hipLaunchKernel');
    const stack = trace.stacks.stacks[trace.launches.stack[trace.gpu.launch[kernel]]];
    expect(Array.from(stack, (frame) => trace.stacks.frames[frame])).toEqual([
      { file: 'launch.py', line: 10, function: 'launch', library: '' },
      { file: 'forward.py', line: 11, function: 'forward', library: '' },
    ]);
    expect(Array.from(trace.ranges.name, (name) => trace.names.get(name))).toEqual([
      'decode',
      'a mark',
    ]);
    expect(trace.report.rowsRead).toBe(trace.report.rowsInFile);
  });

  it('packed texts are read as they were, and one that has changed is told', async () => {
    const trace = await openFile(`${FIXTURES}/lz4_4.db`);
    expect(Array.from(trace.ranges.name, (name) => trace.names.get(name))).toEqual([
      'decode step 7',
      'roctxRangePushA',
    ]);
    expect(trace.gpu.launch[0]).toBe(0);
    const frames = trace.stacks.stacks[trace.launches.stack[0]];
    const named = Array.from(frames, (frame) => trace.stacks.frames[frame]);
    expect(named.map(({ function: f, file, line }) => [f, file, line])).toEqual([
      ['MoeGate.forward', '/app/moe.py', 88],
      ['MoeGate.forward', '/app/moe.py', 41],
      ['run', '/app/serve.py', 7],
    ]);
    expect(trace.report.warnings).toEqual([
      {
        code: 'packed-text',
        message:
          '1 packed texts of events could not be unpacked: texts of markers or call stacks are missing.',
        rows: 1,
      },
    ]);
    expect(trace.report.missing).not.toContain('launch stacks');
  });

  it('texts packed in a way that is not known are told', async () => {
    const { Database } = await loadNodeSqlJs();
    const db = new Database(readFileSync(`${FIXTURES}/lz4_4.db`));
    db.run("UPDATE rocpd_metadata_0000_44 SET value = 'zstd-v9' WHERE tag = 'compression'");
    db.run("UPDATE rocpd_event_0000_44 SET extdata = x'28b52ffd00', call_stack = x'01'");
    const trace = await openBytes(db.export());
    db.close();
    expect(trace.gpu.count).toBe(1);
    const told = new Map(trace.report.warnings.map(({ code, message }) => [code, message]));
    expect(told.get('compressed-text')).toContain('packed (zstd-v9), which');
    expect(told.get('packed-text')).toContain('8 packed texts');
  });

  it('without the columns it needs is refused by what is missing', async () => {
    const error = await refusalOf(
      openBytes(
        await makeDatabase(
          'CREATE TABLE rocpd_metadata_0(tag, value)',
          'CREATE TABLE rocpd_kernel_dispatch_0(id, start)',
        ),
        'half.db',
      ),
    );
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain(
      'it lacks rocpd_kernel_dispatch.end, the table rocpd_region, the names (rocpd_string)',
    );
  });

  it('a file whose events lie on damaged pages opens with what is left, or says so', async () => {
    const whole = new Uint8Array(readFileSync(MERGED));
    for (const share of [0.3, 0.6, 0.9]) {
      const pages = Math.floor((whole.length * share) / 4096);
      const cut = whole.slice(0, pages * 4096);
      try {
        const trace = await openBytes(cut, 'cut.db');
        expect(trace.report.warnings.map(({ code }) => code)).toContain('truncated');
        const skipped = trace.report.skipped.reduce((sum, { rows }) => sum + rows, 0);
        expect(trace.report.rowsInFile).toBe(trace.report.rowsRead + skipped);
      } catch (error) {
        expect(error).toMatchObject({ name: 'TraceOpenError', code: 'damaged' });
      }
    }
  });
});
