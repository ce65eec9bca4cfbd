import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { callDetails, rangesAround } from '../../../src/analysis/callDetails.js';
import { unclassifiedReasons } from '../../../src/analysis/unclassifiedReason.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { attribute } from '../../../src/layers/attribute.js';
import { HIDDEN } from '../../../src/query/privateValues.js';
import { nodeEngines } from '../../../src/session/nodeRuntime.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import {
  ANNOTATION,
  DANGLING_STACK,
  GPU_KINDS,
  KERNEL,
  LAYER_TYPES,
  NO_STACK,
  OP,
  type Trace,
} from '../../../src/trace/index.js';
import { expectPlainSql } from './nsysAgainstSql.js';
import { changed, folderState, makeDatabase, openBytes, openFile, refusalOf } from './reading.js';

const FOLDER = 'test/fixtures/nsys';
const BEFORE = `${FOLDER}/before_2.9.sqlite`;
const WINDOWS = `${FOLDER}/windows_2.9.1.sqlite`;
const TWO = `${FOLDER}/two_processes_3.25.sqlite`;
const GRAPHS = `${FOLDER}/graphs_3.24.7.sqlite`;
const CAPTURED = `${FOLDER}/captured_3.25.sqlite`;
const METRICS = `${FOLDER}/metrics_3.25.sqlite`;
const METRICS_ALONE = `${FOLDER}/metrics_alone_3.1.7.sqlite`;
/** Cut out of real recordings. */
const RECORDED = [
  'nodes_3.20.3',
  'graphs_3.20.3',
  'stacks_3.7.2',
  'nccl_3.20.3',
  'python_3.20.3',
  'backward_3.20.3',
  'normalised_3.20.3',
].map((name) => `${FOLDER}/recorded_${name}.sqlite`);

const warning = (trace: Trace, code: string) =>
  trace.report.warnings.find((found) => found.code === code);
const rowsOf = (table: { count: number }) => Array.from({ length: table.count }, (_, i) => i);
const rangeNamed = (trace: Trace, name: string, process?: string): number =>
  rowsOf(trace.ranges).find(
    (i) =>
      trace.names.get(trace.ranges.name[i]) === name &&
      (process === undefined || trace.lanes[trace.ranges.lane[i]].process === process),
  ) ?? -1;

describe('every generation', () => {
  it.each([BEFORE, WINDOWS, TWO, GRAPHS, CAPTURED, METRICS, METRICS_ALONE, ...RECORDED])(
    '%s has what plain SQL has',
    async (file) => {
      const before = folderState(file);
      const trace = await openFile(file);
      await expectPlainSql(file, trace);
      expect(folderState(file)).toEqual(before);
    },
  );

  it('says its product and schema', async () => {
    const labels = await Promise.all(
      [BEFORE, WINDOWS, TWO, GRAPHS].map(async (file) => (await openFile(file)).formatLabel),
    );
    expect(labels).toEqual([
      'Nsight Systems (schema before 2.9)',
      'Nsight Systems 2022.1 (schema 2.9.1)',
      'Nsight Systems 2026.2 (schema 3.25.0)',
      'Nsight Systems 2025.6 (schema 3.24.7)',
    ]);
  });

  it('missing tables and columns are empty ones', async () => {
    const trace = await openBytes(
      await makeDatabase(
        'CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT)',
        "INSERT INTO StringIds VALUES (1, 'k')",
        'CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end, shortName)',
        'INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (5, 9, 1), (20, NULL, 1), (30, 29, 1), (NULL, 1, 1)',
      ),
    );
    expect(trace.gpu.count).toBe(1);
    expect(trace.names.get(trace.gpu.name[0])).toBe('k');
    expect([trace.gpu.shape[0], trace.gpu.launch[0]]).toEqual([-1, -1]);
    expect(trace.report.skipped).toEqual([
      { reason: 'no end', rows: 1 },
      { reason: 'an end before its start', rows: 1 },
      { reason: 'no start', rows: 1 },
    ]);
    expect(trace.clock.epoch).toBe('session');
  });

  it('an export without events opens and says what is missing', async () => {
    const trace = await openBytes(
      await makeDatabase(
        'CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT)',
        'CREATE TABLE ProcessStreams(globalPid, filenameId, contentId)',
      ),
    );
    expect([trace.report.rowsInFile, trace.spanNs]).toEqual([0, 0]);
    expect(trace.report.missing).toContain('GPU events');
  });

  it('an events table that another tool added changes nothing', async () => {
    const bytes = await changed(
      GRAPHS,
      'CREATE TABLE events(timestamp, name, duration_us)',
      "INSERT INTO events VALUES (1, 'x', 2)",
    );
    expect((await openBytes(bytes)).format).toBe('nsys');
    const engines = nodeEngines();
    const traces = engines.trace();
    await traces.open({ inputs: [{ path: '/m/x.sqlite', name: 'x.sqlite', bytes }] });
    const queries = engines.query();
    await queries.load(await traces.queryData());
    const count = async (sql: string) => (await queries.query({ sql })).rows[0][0];
    expect(await count("SELECT count(*) FROM events WHERE source = 'cuda'")).toBe(5);
  });

  it('DLProf databases are refused, whatever tables they share', async () => {
    const error = await refusalOf(
      openBytes(
        await makeDatabase(
          'CREATE TABLE StringIds(id, value)',
          'CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end)',
          'CREATE TABLE dlprof_metadata(x)',
        ),
      ),
    );
    expect(error.looksLike).toBe('a DLProf database');
  });

  it('an export without its names says what it lacks', async () => {
    const error = await refusalOf(
      openBytes(
        await makeDatabase(
          'CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end)',
          'CREATE TABLE TARGET_INFO_GPU(id)',
        ),
      ),
    );
    expect(error.looksLike).toBe('an Nsight Systems export');
    expect(error.message).toContain('lacks the table StringIds');
  });

  it('a damaged page loses its rows and says so', async () => {
    const bytes = new Uint8Array(readFileSync(TWO));
    // All but the schema and the first tables.
    bytes.fill(0xff, bytes.length - 8 * 4096);
    try {
      const { report } = await openBytes(bytes);
      expect(report.skipped.reduce((sum, { rows }) => sum + rows, 0)).toBe(
        report.rowsInFile - report.rowsRead,
      );
    } catch (error) {
      expect((error as { code?: string }).code).toBe('damaged');
    }
  });
});

describe('before 2.9', () => {
  it('a call’s stack is that which holds the call', async () => {
    const trace = await openFile(BEFORE);
    const { launches, names, stacks } = trace;
    expect(launches.count).toBe(4);
    for (const i of rowsOf(launches)) {
      const [leaf, next, unresolved] = [...stacks.stacks[launches.stack[i]]].map(
        (id) => stacks.frames[id],
      );
      expect(leaf.function).toBe(names.get(launches.name[i]));
      expect(next).toEqual({
        file: '',
        line: 0,
        function: 'launch_layer',
        library: '/opt/model/libmodel.so',
      });
      expect(unresolved.function).toMatch(/^0x7fd9/);
    }
  });

  it('numbers that count like the table are taken as they are', async () => {
    const trace = await openBytes(
      await changed(
        BEFORE,
        'UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET callchainId = callchainId + 1',
        'UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET callchainId = 77 WHERE callchainId = 4',
      ),
    );
    const leaves = Array.from(trace.launches.stack, (stack) =>
      stack < 0 ? stack : trace.stacks.frames[trace.stacks.stacks[stack][0]].function,
    );
    expect(leaves).toEqual(['cudaMalloc', 'cudaLaunchKernel', 'cudaMemcpyAsync', DANGLING_STACK]);
    expect(warning(trace, 'dangling-stack')?.rows).toBe(1);
  });

  it('time without a processor is a scheduler event', async () => {
    const { host, names, clock } = await openFile(BEFORE);
    const off = rowsOf(host).filter((i) => names.get(host.name[i]) === 'off CPU');
    const zero = Number(clock.originNs);
    expect(off.map((i) => [host.start[i] + zero, host.duration[i]])).toEqual([
      [1_020_000, 30_000],
      [1_600_000, 0],
    ]);
  });

  it('views of other tools are left alone', async () => {
    expect((await openFile(BEFORE)).report.rowsInFile).toBe(20);
  });
});

describe('Windows, 2.9.1', () => {
  it('threads whose ids are one double stay apart', async () => {
    const trace = await openFile(WINDOWS);
    const { gpu, launches, ranges, lanes, names } = trace;
    const kernels = rowsOf(gpu).filter((i) => names.get(gpu.name[i]).startsWith('test('));
    expect(kernels.map((i) => lanes[launches.lane[gpu.launch[i]]].id)).toEqual([
      String(0x5a50),
      String(0x5a51),
      String(0x5a52),
    ]);
    expect(kernels.map((i) => names.get(ranges.name[launches.range[gpu.launch[i]]]))).toEqual([
      'main->phase0',
      'main->phase1',
      'main->phase2',
    ]);
    expect(lanes.every((lane) => lane.process === String(0x602c))).toBe(true);
  });

  it('text that is no UTF-8 is decoded with replacement, and folders of users are not shown', async () => {
    const trace = await openFile(WINDOWS);
    const labels = trace.lanes.map(({ label }) => label);
    expect(labels).toContain(`Ger\ufffdt (${0x5a50})`);
    expect(labels).toContain(`bench.exe (${0x5a51})`);
    expect(JSON.stringify([trace.lanes, trace.ranks, trace.report])).not.toContain('someone');
  });

  it('a kernel without its full name has its mangled one', async () => {
    const { gpu, names } = await openFile(WINDOWS);
    expect(rowsOf(gpu).map((i) => names.get(gpu.name[i]))).toContain('_Z4testPd');
  });

  it('a range that was never closed ends with the recording; times may be negative', async () => {
    const trace = await openFile(WINDOWS);
    const open = rangeNamed(trace, 'process');
    expect([trace.ranges.start[open], trace.ranges.duration[open]]).toEqual([0, 50_000_500]);
    expect(warning(trace, 'unclosed-ranges')?.rows).toBe(1);
  });

  it('times are those of the clock the session began by', async () => {
    const { clock } = await openFile(WINDOWS);
    expect(clock).toEqual({
      originNs: 1653929715820133400n - 500n,
      epoch: 'unix',
      fileBaseNs: 1653929715820133400n,
    });
  });
});

describe('two processes, 3.25', () => {
  it('each has its rank, its device and its launches, though ids and ordinals are the same', async () => {
    const { ranks, lanes, gpu, launches } = await openFile(TWO);
    expect(ranks.map(({ label }) => label)).toEqual([
      'python3 (111)',
      'python3 (112)',
      'other processes',
    ]);
    expect(ranks.map(({ device }) => device)).toEqual(['NVIDIA H100', 'NVIDIA H100', '']);
    const streams = lanes.filter(({ kind }) => kind === 'stream');
    expect(
      streams
        .map(({ device, id, process, rank, label }) => [device, id, process, rank, label])
        .sort(),
    ).toEqual([
      [2, '15', '111', 0, 'GPU 2 stream 15'],
      [2, '7', '111', 0, 'GPU 2 stream 7 (context 1)'],
      [2, '7', '111', 0, 'GPU 2 stream 7 (context 2)'],
      [5, '15', '112', 1, 'GPU 5 stream 15'],
      [5, '7', '112', 1, 'GPU 5 stream 7'],
    ]);
    for (const i of rowsOf(gpu).filter((row) => gpu.launch[row] >= 0)) {
      expect(lanes[launches.lane[gpu.launch[i]]].process).toBe(lanes[gpu.lane[i]].process);
    }
    expect(lanes.map(({ label }) => label)).toContain('python3 (111)');
  });

  it('operators of emit_nvtx are operators, module ranges stay as written', async () => {
    const trace = await openFile(TWO);
    const { ranges, names } = trace;
    const op = rangeNamed(trace, 'aten::addmm');
    expect(ranges.kind[op]).toBe(OP);
    const layer = ranges.parent[op];
    expect([ranges.kind[layer], names.get(ranges.name[layer])]).toEqual([
      ANNOTATION,
      "{'Module': 'top.model.layers.3.self_attn', 'Inputs': [[8, 4096]]}",
    ]);
    expect(names.get(ranges.name[ranges.parent[layer]])).toBe(
      'execute_context_0(0)_generation_1(1)',
    );
  });

  it('start/end ranges lie in nothing and hold nothing; marks have no length', async () => {
    const trace = await openFile(TWO);
    const { ranges, launches } = trace;
    for (const name of ['request 1', 'request 2']) {
      const range = rangeNamed(trace, name);
      expect([ranges.parent[range], ranges.kind[range]]).toEqual([-1, ANNOTATION]);
      expect(Array.from(ranges.parent)).not.toContain(range);
      expect(Array.from(launches.range)).not.toContain(range);
    }
    const mark = rangeNamed(trace, 'token');
    expect(ranges.duration[mark]).toBe(0);
    expect(ranges.parent[mark]).toBe(rangeNamed(trace, 'ncclAllReduce'));
    // Of two domains' ranges that overlap in part neither is inside the other.
    const overlapping = rangeNamed(trace, 'overlapping');
    expect(ranges.parent[overlapping]).toBe(
      rangeNamed(trace, 'execute_context_0(0)_generation_1(1)'),
    );
  });

  it('NCCL’s ranges name the collectives', async () => {
    const { gpu, names } = await openFile(TWO);
    const named = rowsOf(gpu).filter((i) => gpu.collective[i] !== 0);
    expect(named.map((i) => [names.get(gpu.collective[i]), gpu.kind[i]])).toEqual([
      ['ncclAllReduce', KERNEL],
      ['ncclAllReduce', KERNEL],
    ]);
  });

  it('a cut file says so', async () => {
    const trace = await openBytes(
      await changed(
        TWO,
        "INSERT INTO META_DATA_EXPORT VALUES ('DERIVED_FROM', '/home/someone/x.sqlite'), ('DERIVED_WINDOW_NS', '1000000-3000000')",
      ),
    );
    expect(warning(trace, 'trimmed-window')?.message).toContain('from 0.001 s to 0.003 s');
    const open = rangeNamed(trace, 'never closed', '111');
    expect(
      trace.ranges.start[open] +
        trace.ranges.duration[open] +
        Number(trace.clock.originNs - trace.clock.fileBaseNs),
    ).toBe(3_000_000);
  });

  it('times that were moved by the export are moved back', async () => {
    const plain = await openFile(TWO);
    const shifted = await openBytes(
      await changed(
        TWO,
        "INSERT INTO META_DATA_EXPORT VALUES ('EXPORT_PARAM_TIME_SHIFT', '5000')",
        ...['KERNEL', 'RUNTIME', 'MEMCPY', 'MEMSET', 'SYNCHRONIZATION', 'OVERHEAD'].map(
          (kind) =>
            `UPDATE CUPTI_ACTIVITY_KIND_${kind} SET start = start + 5000, "end" = "end" + 5000`,
        ),
        'UPDATE NVTX_EVENTS SET start = start + 5000, "end" = "end" + 5000',
      ),
    );
    expect(shifted.clock.originNs).toBe(plain.clock.originNs);
    expect(shifted.gpu.start).toEqual(plain.gpu.start);
    expect(shifted.ranges.duration).toEqual(plain.ranges.duration);
  });

  it('SQL has the file’s own tables, without what is private', async () => {
    const engines = nodeEngines();
    const traces = engines.trace();
    await traces.open({ inputs: [{ path: TWO, name: 'two.sqlite' }] });
    const queries = engines.query();
    await queries.load(await traces.queryData());
    const rows = async (sql: string) => (await queries.query({ sql })).rows;
    expect(await rows('SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL')).toEqual([[5]]);
    expect(await rows('SELECT count(*) FROM kernels')).toEqual([[5]]);
    expect(
      await rows(
        "SELECT name, value FROM main.META_DATA_CAPTURE WHERE name NOT LIKE '%ARG%' ORDER BY 1",
      ),
    ).toEqual([
      ['PROCESS_0:COMMAND', HIDDEN],
      ['PROCESS_0:ENVIRONMENT_VARIABLE', HIDDEN],
      ['PROCESS_0:USER_NAME', HIDDEN],
      ['PROCESS_0:WORKING_DIR', HIDDEN],
      ['RATE_HZ', '1000'],
    ]);
    const all = [
      ...(await rows('SELECT value FROM main.META_DATA_CAPTURE')),
      ...(await rows('SELECT value FROM main.TARGET_INFO_SYSTEM_ENV')),
      ...(await rows('SELECT value FROM main.StringIds')),
    ].join(' ');
    expect(all).not.toMatch(/hunter2|secret|someone/);
    expect(all).toContain('560.94');
    const { facts } = (await openFile(TWO)).report;
    expect(JSON.stringify(facts)).not.toMatch(/hunter2|secret|someone/i);
    expect(facts).toContainEqual({ name: 'CUDA driver', value: '12.6' });
  });
});

describe('CUDA graphs, 3.24.7', () => {
  it('a replay recorded whole is GPU time and says what it hides', async () => {
    const trace = await openFile(GRAPHS);
    const { gpu, names } = trace;
    const graphs = rowsOf(gpu).filter((i) => GPU_KINDS[gpu.kind[i]] === 'graph');
    expect(graphs.map((i) => [names.get(gpu.name[i]), gpu.duration[i], gpu.replayed[i]])).toEqual([
      ['CUDA graph 12', 700_000, 1],
      ['CUDA graph 12', 700_000, 1],
    ]);
    expect(warning(trace, 'graph-mode')?.message).toContain('2 replays of CUDA graphs (1.400 ms');
    expect(warning(trace, 'graph-mode')?.message).toContain('--cuda-graph-trace=node');
    expect(warning(trace, 'hidden-graphs')?.rows).toBe(2);
  });

  it('kernels of a graph recorded node by node are replayed, others are not', async () => {
    const { gpu, names, launches } = await openFile(GRAPHS);
    const kernels = rowsOf(gpu).filter((i) => gpu.kind[i] === KERNEL);
    expect(
      kernels.map((i) => [
        names.get(gpu.name[i]),
        gpu.replayed[i],
        names.get(launches.name[gpu.launch[i]]),
      ]),
    ).toEqual([
      ['in_graph(int)', 1, 'cudaGraphLaunch'],
      ['in_graph(int)', 1, 'cudaGraphLaunch'],
      ['eager(int)', 0, 'cudaLaunchKernel'],
    ]);
    expect(launches.stack.every((stack) => stack === NO_STACK)).toBe(true);
  });

  it('what has no place is counted by reason', async () => {
    const { report } = await openFile(GRAPHS);
    expect(report.skipped.map(({ reason, rows }) => `${rows} ${reason}`).sort()).toEqual([
      '1 CUDA event records (CUPTI_ACTIVITY_KIND_CUDA_EVENT)',
      '1 an end before its start',
      '1 graph replays without times',
      '3 rows of FUTURE_EVENTS',
    ]);
  });
});

describe('the rank of an export', () => {
  const ranksOf = async (file: string, ...variables: string[]): Promise<unknown> =>
    (
      await openBytes(
        await changed(
          file,
          ...variables.map(
            (variable) =>
              `INSERT INTO META_DATA_CAPTURE VALUES ('PROCESS_0:ENVIRONMENT_VARIABLE', '${variable}')`,
          ),
        ),
      )
    ).ranks.map(({ rank, worldSize, label }) => [rank, worldSize, label]);

  it.each([
    [
      ['RANK=3', 'WORLD_SIZE=8', 'SLURM_PROCID=0'],
      [3, 8, 'rank 3'],
    ],
    [['OMPI_COMM_WORLD_RANK=1'], [1, -1, 'rank 1']],
    [
      ['SLURM_PROCID=5', 'SLURM_NTASKS=2'],
      [5, -1, 'rank 5'],
    ],
    // Nothing is said, something else is, or two things are.
    [
      ['LOCAL_RANK=2', 'NODE_RANK=1', 'RANK=', 'RANK=x7', 'RANK=-1'],
      [-1, 1, 'memory'],
    ],
    [
      ['RANK=3', 'RANK=4'],
      [-1, 1, 'memory'],
    ],
  ])('%j', async (variables, rank) => {
    expect(await ranksOf(GRAPHS, ...variables)).toEqual([
      rank.map((part) => (part === 'memory' ? (expect.any(String) as string) : part)),
    ]);
  });

  it('is not told by a variable where several processes ran GPU work', async () => {
    expect(await ranksOf(TWO, 'RANK=3')).toEqual([
      [-1, 1, 'python3 (111)'],
      [-1, 1, 'python3 (112)'],
      [-1, 1, 'other processes'],
    ]);
  });

  it('is found in the environment of the machine, whose variables end with a 0 byte', async () => {
    const bytes = await changed(
      GRAPHS,
      "UPDATE TARGET_INFO_SYSTEM_ENV SET value = 'A=RANK=9' || char(0) || 'PMI_RANK=2' || char(0) || 'PMI_SIZE=4' WHERE name = 'DeviceEnvironment'",
    );
    const trace = await openBytes(bytes);
    expect(trace.ranks).toMatchObject([{ rank: 2, worldSize: 4, label: 'rank 2' }]);
    expect(
      JSON.stringify([trace.ranks, trace.report, trace.lanes, trace.names.all()]),
    ).not.toContain('RANK=');
  });
});

describe('backward operators of PyTorch', () => {
  const PROCESS = (1n << 48n) | (800n << 24n);
  const [main, autograd, other] = [PROCESS + 800n, PROCESS + 801n, PROCESS + 802n];
  const range = (start: number, end: number, text: string, thread: bigint): string =>
    `INSERT INTO NVTX_EVENTS (start, "end", eventType, text, globalTid) VALUES (${start}, ${end}, 59, '${text.replaceAll("'", "''")}', ${thread})`;
  const training = [
    'CREATE TABLE NVTX_EVENTS (start INTEGER NOT NULL, end INTEGER, eventType INTEGER NOT NULL, text TEXT, globalTid INTEGER)',
    'DELETE FROM CUPTI_ACTIVITY_KIND_RUNTIME',
    'DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL',
    range(1000, 2000, "{'Module': 'top.model.layers.3.self_attn'}", main),
    range(1100, 1900, 'aten::linear, seq = 7', main),
    range(1200, 1800, 'aten::addmm, seq = 7, op_id = 3', main),
    range(2000, 3000, "{'Module': 'top.model.layers.4.mamba'}", main),
    range(2100, 2900, 'aten::mul, seq = 8', main),
    // Backward: its own numbers within mean nothing, 8 among them.
    range(5000, 6000, 'autograd::engine::evaluate_function: AddmmBackward0, seq = 7', autograd),
    range(5100, 5900, 'AddmmBackward0, seq = 7, op_id = 9', autograd),
    range(5200, 5800, 'aten::mm, seq = 8', autograd),
    range(6000, 6100, 'torch::autograd::AccumulateGrad, seq = 18446744073709551615', autograd),
    `INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME (start, "end", eventClass, globalTid, correlationId, nameId, returnValue) VALUES (5300, 5310, 0, ${autograd}, 70, 0, 0)`,
    `INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT * FROM (SELECT * FROM copied LIMIT 1)`,
    `UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET start = 5400, "end" = 5600, correlationId = 70, globalPid = ${PROCESS}`,
  ];
  const opened = async (...more: string[]): Promise<Trace> =>
    openBytes(
      await changed(
        METRICS,
        'CREATE TABLE copied AS SELECT * FROM CUPTI_ACTIVITY_KIND_KERNEL',
        ...training,
        ...more,
        'DROP TABLE copied',
      ),
    );
  const links = ({ ranges, names }: Trace): string[] =>
    rowsOf(ranges)
      .filter((i) => (ranges.forward?.[i] ?? -1) >= 0)
      .map((i) => {
        const forward = ranges.forward?.[i] ?? -1;
        return `${names.get(ranges.name[i])} <- ${names.get(ranges.name[forward])} at ${ranges.start[forward]}`;
      });

  it('are linked to the forward operator of their number, and their kernels to its module', async () => {
    const trace = await opened();
    expect(links(trace)).toEqual([
      'autograd::engine::evaluate_function: AddmmBackward0 <- aten::addmm at 200',
      'AddmmBackward0 <- aten::addmm at 200',
    ]);
    const labels = attribute(trace);
    expect([LAYER_TYPES[labels.type[0]].key, labels.index[0]]).toEqual(['attention', 3]);
    expect(labels.rules[labels.rule[0]]).toContain('backward');
  });

  it('are not linked where several threads number their operators: each counts anew', async () => {
    const trace = await opened(range(1500, 1600, 'aten::relu, seq = 7', other));
    expect(trace.ranges.forward).toBeUndefined();
  });
});

describe('the capture of graphs', () => {
  it('a replayed kernel belongs to the module its node was captured in, and to the step it ran in', async () => {
    const trace = await openFile(CAPTURED);
    const { gpu, launches, ranges, names, lanes } = trace;
    const labels = attribute(trace);
    const lines = rowsOf(gpu).map((i) => {
      const call = gpu.captured?.[i] ?? -1;
      const around = call < 0 ? -1 : launches.range[call];
      return [
        lanes[gpu.lane[i]].process,
        names.get(launches.name[gpu.launch[i]]),
        call < 0 ? '' : names.get(launches.name[call]),
        around < 0 ? '' : names.get(ranges.name[around]).replace(/^.*layers/, ''),
        LAYER_TYPES[labels.type[i]].key,
        labels.index[i],
        labels.steps[labels.step[i]]?.label,
      ].join(' ');
    });
    const ofProcess = (process: string, types: string[]): string[] =>
      [1, 2].flatMap((replay) => [
        ...types.map((type, i) => {
          const module = type === 'mamba' ? 'mamba' : 'self_attn';
          return `${process} cudaGraphLaunch cuLaunchKernel .${i}.${module}'} ${type} ${i} execute_context_0(0)_generation_${replay}(1)`;
        }),
        ...Array.from(
          { length: 3 },
          () =>
            `${process} cudaGraphLaunch   unclassified -1 execute_context_0(0)_generation_${replay}(1)`,
        ),
      ]);
    expect(lines.sort()).toEqual(
      [
        ...ofProcess('910', ['attention', 'mamba']),
        ...ofProcess('911', ['mamba', 'attention']),
      ].sort(),
    );
  });

  it('explains the capture, and why what has none stays unclassified', async () => {
    const trace = await openFile(CAPTURED);
    const labels = attribute(trace);
    const known = rowsOf(trace.gpu).find((i) => (trace.gpu.captured?.[i] ?? -1) >= 0) ?? -1;
    const unknown = rowsOf(trace.gpu).find((i) => trace.gpu.captured?.[i] === -1) ?? -1;
    expect(callDetails(trace, labels, known).facts).toContainEqual({
      name: 'Captured as',
      value: 'cuLaunchKernel',
    });
    expect(unclassifiedReasons(trace, labels)(unknown)).toBe(
      'replayed from a graph: one launch stands for many layers',
    );
    expect(rangesAround(trace, unknown).next().value).toBe(
      trace.launches.range[trace.gpu.launch[unknown]],
    );
  });

  it('as the documented statement finds it', async () => {
    const trace = await openFile(CAPTURED);
    const { gpu, launches } = trace;
    const plain = openSqlJs(await loadNodeSqlJs(), new Uint8Array(readFileSync(CAPTURED)));
    const { rows } = plain.query(
      `SELECT k.start, k.globalPid, max(api.start) FROM CUPTI_ACTIVITY_KIND_KERNEL k
       JOIN CUDA_GRAPH_NODE_EVENTS c ON c.graphNodeId = k.graphNodeId AND c.globalTid >> 24 = k.globalPid >> 24
       JOIN CUDA_GRAPH_NODE_EVENTS b ON b.graphNodeId = c.originalGraphNodeId AND b.globalTid = c.globalTid
       JOIN CUDA_GRAPH_NODE_EVENTS a ON a.graphNodeId = b.originalGraphNodeId AND a.globalTid = c.globalTid
         AND a.originalGraphNodeId IS NULL
       JOIN CUPTI_ACTIVITY_KIND_RUNTIME api ON api.globalTid = a.globalTid AND api.start < a.start AND api."end" > a.start
       WHERE k.graphNodeId < 300 GROUP BY k.rowid`,
    );
    plain.close();
    const zero = Number(trace.clock.originNs);
    const found = rowsOf(gpu)
      .filter((i) => (gpu.captured?.[i] ?? -1) >= 0)
      .map((i) => [gpu.start[i] + zero, launches.start[gpu.captured?.[i] ?? -1] + zero].join());
    expect(found.sort()).toEqual(
      rows.map(([start, , call]) => `${String(start)},${String(call)}`).sort(),
    );
    expect(found).toHaveLength(8);
  });

  it('the merge of two files keeps the links', async () => {
    const one = await openFile(CAPTURED);
    const merged = mergeRanks([one, { ...one, files: [{ ...one.files[0], path: 'b.sqlite' }] }]);
    const api = (trace: Trace) =>
      rowsOf(trace.gpu).map((i) => {
        const call = trace.gpu.captured?.[i] ?? -1;
        return call < 0
          ? ''
          : `${trace.launches.start[call]} ${trace.launches.correlation?.[call]}`;
      });
    expect(api(merged).sort()).toEqual([...api(one), ...api(one)].sort());
  });
});

describe('sampled metrics', () => {
  it('a track for each GPU and metric, under the rank that ran work on it, and for each port', async () => {
    const trace = await openFile(METRICS);
    const tracks = trace.counters.map(
      ({ rank, device, name, unit, source, time }) =>
        `${trace.ranks[rank].label} GPU ${device} ${source}: ${name} (${unit}) x ${time.length}`,
    );
    const ofGpu = (rank: string, gpu: number): string[] =>
      [
        'SMs Active (%)',
        'Tensor Active (%)',
        'GPC Clock Frequency (MHz)',
        'Compute Warps in Flight [Avg] ()',
        'Compute Warps in Flight (Avg Warps per Cycle)',
      ].map((metric) => `${rank} GPU ${gpu} GPU_METRICS: ${metric} x 60`);
    expect(tracks).toEqual([
      'python3 (800) GPU -1 NET_NIC_METRIC: mlx5_0 port 1: IB: Bytes sent (B/ms) x 5',
      'python3 (800) GPU -1 NET_NIC_METRIC: mlx5_0 port 1: IB: Bytes received (B/ms) x 5',
      ...ofGpu('python3 (800)', 1),
      'python3 (800) GPU 4 GPU_METRICS: metric 99 () x 1',
      ...ofGpu('python3 (801)', 2),
    ]);
    // Sampled at once: one column of times for all metrics of a GPU.
    expect(trace.counters[3].time).toBe(trace.counters[2].time);
    expect(trace.counters[2].time[0]).toBe(-1_300_000);
    expect(trace.spanNs).toBe(3_930_000);
    expect(trace.report.rowsInFile).toBe(80);
    expect(trace.report.skipped).toEqual([]);
  });

  it('a recording of metrics alone begins and ends with them', async () => {
    const trace = await openFile(METRICS_ALONE);
    expect([trace.spanNs, trace.clock.originNs]).toEqual([90_000_000, 2_000_000_000n]);
    expect(
      trace.counters.map(({ name, unit, rank, device }) => [name, unit, rank, device]),
    ).toEqual([
      ['SM Active', '', 0, 0],
      ['GPC Clock Frequency', '', 0, 0],
    ]);
    expect(trace.report.samples).toEqual({ inFile: 20, read: 18 });
    expect(warning(trace, 'samples-left-out')?.message).toBe(
      '2 counter samples were left out: without a time (2).',
    );
    expect(trace.report.rowsInFile).toBe(0);
  });

  it('damaged values and a table without its columns cost samples, which are counted', async () => {
    const damaged = await openBytes(
      await changed(
        METRICS,
        "UPDATE GPU_METRICS SET value = 'x' WHERE rowid <= 3",
        'UPDATE GPU_METRICS SET timestamp = 9223372036854775807 WHERE rowid = 4',
        'UPDATE GPU_METRICS SET value = 1e999 WHERE rowid = 5',
        'DROP TABLE TARGET_INFO_GPU_METRICS',
      ),
    );
    expect(damaged.report.samples).toEqual({ inFile: 611, read: 606 });
    expect(warning(damaged, 'samples-left-out')?.message).toBe(
      '5 counter samples were left out: without a number (4), with a time more than 104 days from the others (1).',
    );
    expect(damaged.counters.map(({ name }) => name)).toContain('metric 0');
    const bare = await openBytes(
      await changed(
        GRAPHS,
        'DROP TABLE GPU_METRICS',
        'CREATE TABLE GPU_METRICS (x)',
        'INSERT INTO GPU_METRICS VALUES (1), (2)',
      ),
    );
    expect(bare.counters).toEqual([]);
    expect(bare.report.samples).toEqual({ inFile: 2, read: 0 });
  });
});

describe('what no recorder writes', () => {
  it('GPU work without a process among several processes is kept with the other processes', async () => {
    const trace = await openBytes(
      await changed(
        TWO,
        `UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET globalPid = NULL
         WHERE rowid = (SELECT min(rowid) FROM CUPTI_ACTIVITY_KIND_KERNEL)`,
      ),
    );
    expect(trace.lanes.every(({ rank }) => rank < trace.ranks.length)).toBe(true);
    const nameless = trace.lanes.find(({ kind, process }) => kind === 'stream' && process === '');
    expect(trace.ranks[nameless?.rank ?? -1].label).toBe('other processes');
  });

  it('damaged strings cost the names and no rows', async () => {
    const bytes = new Uint8Array(readFileSync(GRAPHS));
    // The second page is the root of StringIds.
    bytes.fill(0, 4096, 8192);
    const { report, gpu } = await openBytes(bytes);
    const all = await openFile(GRAPHS);
    expect(gpu.count).toBe(all.gpu.count);
    expect(report.rowsRead).toBe(all.report.rowsRead);
    expect(report.warnings.map(({ code }) => code)).toContain('unreadable-table');
  });

  it.each(['-1', '-1e308', '1e999'])('a copy of %s bytes has none', async (bytes) => {
    const trace = await openBytes(
      await changed(TWO, `UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET bytes = ${bytes}`),
    );
    const copies = [...trace.gpu.kind].map((kind, i) => (kind === 1 ? trace.gpu.bytes[i] : NaN));
    expect(copies.every(Number.isNaN)).toBe(true);
  });

  it.each(['-1', '1e999', '0.5'])('a block of %s threads is no shape', async (threads) => {
    const { gpu } = await openBytes(
      await changed(TWO, `UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET blockX = ${threads}`),
    );
    expect(gpu.shape.every((shape) => shape === -1)).toBe(true);
  });

  it('threads are named without a column of priorities', async () => {
    const trace = await openBytes(
      await changed(TWO, 'ALTER TABLE ThreadNames RENAME priority TO importance'),
    );
    expect(trace.lanes.map(({ label }) => label)).toEqual(
      (await openFile(TWO)).lanes.map(({ label }) => label),
    );
  });

  it('a first start with a fraction leaves the origin at whole nanoseconds', async () => {
    const { gpu, clock } = await openBytes(
      await makeDatabase(
        'CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT)',
        'CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end)',
        'INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (4.5, 9), (20, 30)',
      ),
    );
    expect([Number(clock.originNs) + gpu.start[0], gpu.duration[0]]).toEqual([4.5, 4.5]);
  });

  it('a needed column under another name is refused with a sentence', async () => {
    const error = await refusalOf(
      openBytes(
        await changed(TWO, 'ALTER TABLE CUPTI_ACTIVITY_KIND_RUNTIME RENAME globalTid TO globalTie'),
      ),
    );
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain('globalTid');
  });
});
