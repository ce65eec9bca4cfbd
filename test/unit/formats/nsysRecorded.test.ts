import { describe, expect, it } from 'vitest';
import { callDetails, stackOf } from '../../../src/analysis/callDetails.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { attribute } from '../../../src/layers/attribute.js';
import {
  DANGLING_STACK,
  GPU_KINDS,
  KERNEL,
  METHODS,
  NO_STACK,
  layerTypeOf,
  type Frame,
  type Trace,
} from '../../../src/trace/index.js';
import { changed, openBytes, openFile, plainSql } from './reading.js';

const FOLDER = 'test/fixtures/nsys';
const NODES = `${FOLDER}/recorded_nodes_3.20.3.sqlite`;
const GRAPHS = `${FOLDER}/recorded_graphs_3.20.3.sqlite`;
const STACKS = `${FOLDER}/recorded_stacks_3.7.2.sqlite`;
const NCCL = `${FOLDER}/recorded_nccl_3.20.3.sqlite`;
const PYTHON = `${FOLDER}/recorded_python_3.20.3.sqlite`;
const BACKWARD = `${FOLDER}/recorded_backward_3.20.3.sqlite`;
const NORMALISED = `${FOLDER}/recorded_normalised_3.20.3.sqlite`;

const rowsOf = (table: { count: number }) => Array.from({ length: table.count }, (_, i) => i);
const kernelsOf = (trace: Trace) => rowsOf(trace.gpu).filter((i) => trace.gpu.kind[i] === KERNEL);
const nameOf = (trace: Trace, i: number) => trace.names.get(trace.gpu.name[i]);
const skipped = (trace: Trace, words: RegExp) =>
  trace.report.skipped.filter(({ reason }) => words.test(reason)).map(({ rows }) => rows);
const callName = (trace: Trace, call: number) =>
  call < 0 ? '' : trace.names.get(trace.launches.name[call]);
const stackAt = ({ stacks }: Trace, stack: number): Frame[] =>
  Array.from(stacks.stacks[stack] ?? [], (frame) => stacks.frames[frame]);
/** ns of the file's own clock */
const inFile = (trace: Trace, ns: number): bigint =>
  BigInt(ns) + trace.clock.originNs - trace.clock.fileBaseNs;

describe('a graph recorded node by node', () => {
  it('its kernels have the layers of the same kernels as they ran eagerly', async () => {
    const trace = await openFile(NODES);
    const labels = attribute(trace);
    const lines = kernelsOf(trace).map((i) => ({
      replayed: trace.gpu.replayed[i],
      line: [
        nameOf(trace, i),
        layerTypeOf(labels.type[i]).key,
        labels.index[i],
        trace.names.get(labels.module[i]),
        METHODS[labels.method[i]],
      ].join(' '),
    }));
    // One forward, two fills while the graph was captured, and three replays of the same forward.
    const eager = lines.slice(0, 69).map(({ line }) => line);
    expect(lines.slice(0, 71).every(({ replayed }) => replayed === 0)).toBe(true);
    expect(lines.slice(71).map(({ line }) => line)).toEqual([...eager, ...eager, ...eager]);
    expect(lines.slice(71).every(({ replayed }) => replayed === 1)).toBe(true);
    expect(new Set(eager.map((line) => line.split(' ').at(-1)))).toEqual(new Set(['module']));
  });

  it('each kernel is linked to the call that made its node, as plain SQL finds it', async () => {
    const trace = await openFile(NODES);
    const { gpu, launches } = trace;
    const rows = await plainSql(
      NODES,
      `SELECT k.start, max(r.start) FROM CUPTI_ACTIVITY_KIND_KERNEL k
       JOIN CUDA_GRAPH_NODE_EVENTS c ON c.graphNodeId = k.graphNodeId AND c.originalGraphNodeId IS NOT NULL
       JOIN CUDA_GRAPH_NODE_EVENTS o ON o.graphNodeId = c.originalGraphNodeId AND o.originalGraphNodeId IS NULL
       JOIN CUPTI_ACTIVITY_KIND_RUNTIME r ON r.globalTid = o.globalTid AND r.start <= o.start AND r."end" >= o.start
       GROUP BY k.rowid ORDER BY 1`,
    );
    const found = kernelsOf(trace)
      .filter((i) => (gpu.captured?.[i] ?? -1) >= 0)
      .map((i) => [
        Number(inFile(trace, gpu.start[i])),
        Number(inFile(trace, launches.start[gpu.captured?.[i] ?? -1])),
      ]);
    expect(rows).toHaveLength(3 * 69);
    expect(found).toEqual(rows);
  });

  it('what a graph within a graph ran is of no call: its nodes have no rows', async () => {
    const trace = await openFile(STACKS);
    const labels = attribute(trace);
    const lines = kernelsOf(trace).map((i) => {
      const call = trace.gpu.captured?.[i] ?? -1;
      const [type, module] = [layerTypeOf(labels.type[i]).key, trace.names.get(labels.module[i])];
      return `${callName(trace, call)} ${type} ${module}`.trim();
    });
    const layers = [
      'mamba model.layers.0.mamba',
      'attention model.layers.1.self_attn',
      'moe_experts model.layers.2.moe.experts',
    ];
    expect(lines.slice(0, 6)).toEqual([...layers, ...layers]);
    expect(lines.slice(6, 15)).toEqual(
      [...layers, ...layers, ...layers].map((layer) => `cudaLaunchKernel ${layer}`),
    );
    // The parent's own kernel was added, not captured; what its child ran is told by its name alone.
    expect(lines.slice(15)).toHaveLength(8);
    expect(lines[18]).toBe('cudaGraphAddKernelNode moe_experts model.layers.3.moe.experts');
    expect(lines[22]).toBe(lines[18]);
    for (const i of [15, 16, 17, 19, 20, 21]) {
      expect(lines[i]).not.toMatch(/cuda|model/);
    }
  });

  it('a node that only an instantiation made says nothing of a layer', async () => {
    // As if the program had opened a module around the instantiation.
    const trace = await openBytes(
      await changed(
        STACKS,
        'UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET graphNodeId = 25769803782 WHERE graphNodeId = 25769803778',
      ),
    );
    expect(
      kernelsOf(trace)
        .map((i) => callName(trace, trace.gpu.captured?.[i] ?? -1))
        .filter((name) => /Instantiate/.test(name)),
    ).toEqual([]);
  });
});

describe('graphs recorded as a whole', () => {
  it('each replay is GPU time of its launch, and how much they hide is said', async () => {
    const trace = await openFile(GRAPHS);
    const { gpu } = trace;
    const replays = rowsOf(gpu).filter((i) => GPU_KINDS[gpu.kind[i]] === 'graph');
    const [[ns]] = await plainSql(
      GRAPHS,
      'SELECT sum("end" - start) FROM CUPTI_ACTIVITY_KIND_GRAPH_TRACE',
    );
    expect(replays.map((i) => callName(trace, gpu.launch[i]))).toEqual(
      Array.from({ length: 5 }, () => 'cudaGraphLaunch'),
    );
    expect(replays.reduce((sum, i) => sum + gpu.duration[i], 0)).toBe(ns);
    expect(trace.report.warnings.find(({ code }) => code === 'graph-mode')?.rows).toBe(5);
    expect(trace.report.warnings.some(({ code }) => code === 'hidden-graphs')).toBe(false);
    // In this version the table holds graphs, not nodes.
    expect(skipped(trace, /CUDA_GRAPH_EVENTS/)).toEqual([11]);
  });

  it('what the profiler warned of when it recorded is said, without folders', async () => {
    const trace = await openBytes(
      await changed(
        GRAPHS,
        "INSERT INTO DIAGNOSTIC_EVENT VALUES (1, 1, 1, 3, 'Cannot open /home/someone/secret/trace.bin', NULL)",
      ),
    );
    const said = trace.report.warnings.filter(({ code }) => code === 'profiler-warning');
    expect(said.map(({ message }) => message.replace(/^[^:]*: /, ''))).toEqual([
      'Cannot open trace.bin',
      'Not all CUDA events might have been collected.',
      'Not all NVTX events might have been collected.',
    ]);
  });
});

describe('stacks', () => {
  it('each API call has the stack that holds it, though numbers differ by one', async () => {
    const trace = await openFile(STACKS);
    const { launches } = trace;
    const calls = rowsOf(launches).filter((i) => launches.stack[i] !== NO_STACK);
    expect(calls).toHaveLength(27);
    for (const i of calls) {
      const functions = stackAt(trace, launches.stack[i]).map((frame) => frame.function);
      expect(functions).toContain(callName(trace, i));
    }
    expect(stackAt(trace, launches.stack[calls[0]]).at(-1)?.library).toBe('/opt/model/graphs');
  });

  it('operating system calls have theirs, whose numbers do not', async () => {
    const trace = await openFile(STACKS);
    const { host, names } = trace;
    const found = rowsOf(host)
      .filter((i) => (host.stack?.[i] ?? NO_STACK) !== NO_STACK)
      .map((i) => {
        const functions = stackAt(trace, host.stack?.[i] ?? NO_STACK).map((f) => f.function);
        return [Number(inFile(trace, host.start[i])), names.get(host.name[i]), functions.join()];
      });
    const rows = await plainSql(
      STACKS,
      `SELECT o.start, n.value, (SELECT group_concat(value) FROM (SELECT s.value FROM OSRT_CALLCHAINS c
         JOIN StringIds s ON s.id = c.symbol WHERE c.id = o.callchainId ORDER BY c.stackDepth))
       FROM OSRT_API o JOIN StringIds n ON n.id = o.nameId WHERE o.callchainId > 0 ORDER BY o.start`,
    );
    expect(rows.length).toBeGreaterThan(30);
    expect(found).toEqual(rows);
    // The function that was called is the innermost one, under the C library's own name for it.
    const plainName = (text: string) => text.replace(/^_*(libc_)?|64$/g, '');
    for (const [, name, functions] of found) {
      expect(plainName(String(functions).split(',')[0])).toBe(plainName(String(name)));
    }
  });

  it('a stack that the file does not hold is said', async () => {
    const trace = await openBytes(
      await changed(
        STACKS,
        'DELETE FROM OSRT_CALLCHAINS WHERE id = (SELECT max(callchainId) FROM OSRT_API)',
      ),
    );
    const dangling = rowsOf(trace.host).filter((i) => trace.host.stack?.[i] === DANGLING_STACK);
    const said = trace.report.warnings.filter(({ code }) => code === 'dangling-stack');
    expect([dangling.length, said.map(({ rows }) => rows)]).toEqual([1, [1]]);
  });

  it('of operating system calls are kept when traces are joined', async () => {
    const one = await openFile(STACKS);
    const nodes = await openFile(NODES);
    const merged = mergeRanks([nodes, { ...one, files: [{ ...one.files[0], path: 'b.sqlite' }] }]);
    const stacksOf = (trace: Trace) =>
      rowsOf(trace.host).flatMap((i) => {
        const stack = trace.host.stack?.[i] ?? NO_STACK;
        return stack < 0 ? [] : [stackAt(trace, stack).map((frame) => frame.function)];
      });
    expect(stacksOf(one).length).toBeGreaterThan(30);
    expect(stacksOf(merged)).toEqual(stacksOf(one));
    expect(nodes.host.stack).toBeUndefined();
  });

  it('rows that say when tracing of such calls began and ended are no calls of a thread 0', async () => {
    const trace = await openFile(STACKS);
    const [[rows]] = await plainSql(STACKS, 'SELECT count(*) FROM OSRT_API WHERE eventClass <> 27');
    expect([skipped(trace, /when the tracing of operating system/), rows]).toEqual([[3], 3]);
    expect(trace.lanes.filter(({ id }) => id === '0')).toEqual([]);
  });

  it('CPU samples are counted, and are not among what is missing', async () => {
    const trace = await openFile(STACKS);
    expect(skipped(trace, /^CPU samples/)).toEqual([38]);
    expect(trace.report.missing).not.toContain('CPU samples');
    expect((await openFile(GRAPHS)).report.missing).toContain('CPU samples');
  });
});

describe('Python stacks', () => {
  /** By start of the row with the native stack: function, file and line of each Python frame. */
  async function stated(file: string): Promise<Map<number, string[]>> {
    const rows = await plainSql(
      file,
      `SELECT m.start, f.key, fn.value, fi.value, json_extract(f.value, '$.Line')
       FROM NVTX_EVENTS m, json_each(m.jsonText, '$."Python Backtrace on CUDA".Frames') f
       JOIN StringIds fn ON fn.id = json_extract(f.value, '$.Function')
       JOIN StringIds fi ON fi.id = json_extract(f.value, '$.File')
       WHERE m.eventType = 34 ORDER BY 1, 2`,
    );
    const frames = new Map<number, string[]>();
    for (const [start, , name, path, line] of rows) {
      const plain = String(name).replace('&lt;', '<').replace('&gt;', '>');
      const list = frames.get(Number(start)) ?? [];
      frames.set(Number(start), [...list, `${plain} ${String(path)}:${String(line)}`]);
    }
    return frames;
  }
  const written = (frames: readonly Frame[]) =>
    frames
      .filter(({ file }) => file !== '')
      .map((frame) => `${frame.function} ${frame.file}:${frame.line}`);

  it('are those of the calls that launched, behind their native frames', async () => {
    const trace = await openFile(PYTHON);
    const { launches } = trace;
    const frames = await stated(PYTHON);
    const rows = await plainSql(
      PYTHON,
      `SELECT c.start, b.start FROM CUPTI_ACTIVITY_KIND_RUNTIME c JOIN CUPTI_ACTIVITY_KIND_RUNTIME b
       ON b.eventClass = 67 AND b.correlationId = c.correlationId WHERE c.eventClass <> 67 ORDER BY 1`,
    );
    const backtraceOf = new Map(rows.map(([call, at]) => [Number(call), Number(at)]));
    let checked = 0;
    for (const i of rowsOf(launches)) {
      const at = backtraceOf.get(Number(inFile(trace, launches.start[i])));
      const stack = stackAt(trace, launches.stack[i]);
      expect(written(stack)).toEqual(at === undefined ? [] : (frames.get(at) ?? []));
      if (at !== undefined) {
        checked++;
        // The interpreter's own frames have made way.
        expect(stack.some(({ library }) => /\/python3[.\d]*$/.test(library))).toBe(false);
        expect(stack.map((frame) => frame.function)).toContain(callName(trace, i));
      }
    }
    expect(checked).toBe(51);
    expect(skipped(trace, /^Python stacks of API calls \(NVTX marks\)/)).toEqual([51]);
  });

  it('lead from a replayed kernel to the line of the model that was captured', async () => {
    const trace = await openFile(PYTHON);
    const labels = attribute(trace);
    const softmax = kernelsOf(trace).find(
      (i) => /softmax/i.test(nameOf(trace, i)) && trace.gpu.replayed[i] === 1,
    );
    expect(softmax).toBeDefined();
    const own = stackOf(trace, softmax ?? -1).filter(({ file }) => /hybrid\.py$/.test(file));
    expect(own[0]).toMatchObject({ function: 'forward', file: '/opt/model/hybrid.py' });
    expect(callDetails(trace, labels, softmax ?? -1).stack.length).toBeGreaterThan(10);
  });

  it('are found without the row that names their domain', async () => {
    const all = await openFile(PYTHON);
    const cut = await openBytes(
      await changed(PYTHON, 'DELETE FROM NVTX_EVENTS WHERE eventType = 75'),
    );
    expect(cut.ranges.count).toBe(all.ranges.count);
    expect([...cut.launches.stack]).toEqual([...all.launches.stack]);
  });

  it('an export without payloads says what it leaves out, and keeps the native stacks', async () => {
    const trace = await openBytes(await changed(PYTHON, 'UPDATE NVTX_EVENTS SET jsonText = NULL'));
    expect(skipped(trace, /--include-json=true/)).toEqual([51]);
    expect(trace.ranges.count).toBe((await openFile(PYTHON)).ranges.count);
    expect(rowsOf(trace.launches).filter((i) => trace.launches.stack[i] >= 0)).toHaveLength(51);
  });

  it('a damaged payload costs the Python frames only', async () => {
    const trace = await openBytes(
      await changed(
        PYTHON,
        `UPDATE NVTX_EVENTS SET jsonText = substr(jsonText, 1, 60) WHERE rowid = (SELECT min(rowid) FROM NVTX_EVENTS WHERE jsonText <> '')`,
        `UPDATE NVTX_EVENTS SET start = start + 1 WHERE rowid = (SELECT max(rowid) FROM NVTX_EVENTS WHERE jsonText <> '')`,
      ),
    );
    expect(skipped(trace, /not in the file, or without frames/)).toEqual([2]);
    expect(skipped(trace, /^Python stacks of API calls \(NVTX marks\)/)).toEqual([49]);
  });
});

describe('NCCL', () => {
  const messages = (trace: Trace) =>
    kernelsOf(trace)
      .filter((i) => /nccl/.test(nameOf(trace, i)))
      .map((i) => [
        trace.lanes[trace.gpu.lane[i]].process,
        trace.gpu.collective[i] === 0 ? '' : trace.names.get(trace.gpu.collective[i]),
        trace.gpu.bytes[i],
      ]);

  it('each kernel has the collective and the bytes of the call that launched it', async () => {
    const trace = await openFile(NCCL);
    const rows = await plainSql(
      NCCL,
      `SELECT k.globalPid >> 24 & 0xffffff, s.value, json_extract(n.jsonText, '$."Message size [bytes]"')
       FROM CUPTI_ACTIVITY_KIND_KERNEL k
       JOIN CUPTI_ACTIVITY_KIND_RUNTIME r ON r.correlationId = k.correlationId AND r.globalTid >> 24 = k.globalPid >> 24
       JOIN NVTX_EVENTS n ON n.globalTid = r.globalTid AND n.start <= r.start AND n."end" >= r.start AND n.domainId = 1
       JOIN StringIds s ON s.id = n.textId ORDER BY k.start, k."end" DESC`,
    );
    const sent = rows.filter(([, name]) => name !== 'ncclGroupEnd');
    expect(sent.length).toBeGreaterThan(20);
    expect(messages(trace).filter(([, name, bytes]) => name !== '' && bytes !== 1536)).toEqual(
      sent.map(([process, name, bytes]) => [String(process), name, bytes]),
    );
    // Three all-reduces of 128 floats in a group are one kernel; a group of a send and a receive has no one name.
    const grouped = rows.filter(([, name]) => name === 'ncclGroupEnd').map(([p]) => String(p));
    const rest = messages(trace).filter(([, name, bytes]) => name === '' || bytes === 1536);
    expect(rest.map(([process]) => process)).toEqual(grouped);
    expect(new Set(rest.map(([, name, bytes]) => `${name} ${bytes}`))).toEqual(
      new Set([' NaN', 'ncclAllReduce 1536']),
    );
  });

  it('processes are ranks of their communicator, which names the group', async () => {
    const trace = await openFile(NCCL);
    expect(trace.ranks.map(({ rank, worldSize, label }) => [rank, worldSize, label])).toEqual([
      [0, 2, 'rank 0'],
      [1, 2, 'rank 1'],
    ]);
    const [[id]] = await plainSql(
      NCCL,
      `SELECT DISTINCT substr(jsonText, instr(jsonText, ':') + 1, instr(jsonText, ',') - instr(jsonText, ':') - 1)
       FROM NVTX_EVENTS WHERE jsonText GLOB '*Message size*'`,
    );
    const groups = new Set(Array.from(trace.collectives?.group ?? [], (n) => trace.names.get(n)));
    expect([...groups]).toEqual([`NCCL communicator ${BigInt(String(id)).toString(16)}`]);
    // Beyond 2^53: as a double it would be another number.
    expect(BigInt(Number(id))).not.toBe(BigInt(String(id)));
  });

  it('without payloads kernels have their collective and no bytes, processes no rank', async () => {
    const trace = await openBytes(await changed(NCCL, 'UPDATE NVTX_EVENTS SET jsonText = NULL'));
    const names = (all: Trace) => messages(all).map(([process, name]) => [process, name]);
    expect(names(trace)).toEqual(names(await openFile(NCCL)));
    expect(messages(trace).every(([, , bytes]) => Number.isNaN(bytes))).toBe(true);
    expect(trace.collectives).toBeUndefined();
    expect(trace.ranks.map(({ rank }) => rank)).toEqual([-1, -1]);
  });

  it('a file of one process is the rank that joined', async () => {
    const second = '(SELECT max(globalPid) >> 24 FROM CUPTI_ACTIVITY_KIND_KERNEL)';
    const trace = await openBytes(
      await changed(
        NCCL,
        `DELETE FROM CUPTI_ACTIVITY_KIND_RUNTIME WHERE globalTid >> 24 <> ${second}`,
        `DELETE FROM NVTX_EVENTS WHERE globalTid >> 24 <> ${second}`,
        `DELETE FROM CUPTI_ACTIVITY_KIND_SYNCHRONIZATION WHERE globalPid >> 24 <> ${second}`,
        `DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE globalPid >> 24 <> ${second}`,
      ),
    );
    expect(trace.ranks.map(({ rank, worldSize, label }) => [rank, worldSize, label])).toEqual([
      [1, 2, 'rank 1'],
    ]);
  });

  it('the details of a kernel say its message, and no throughput: its time is waiting, too', async () => {
    const trace = await openFile(NCCL);
    const reduce = kernelsOf(trace).find((i) => trace.gpu.bytes[i] === 1048576) ?? -1;
    const facts = callDetails(trace, attribute(trace), reduce).facts;
    expect(facts).toContainEqual({ name: 'Message', value: '1.05 MB' });
    expect(facts.map(({ name }) => name)).not.toContain('Throughput');
  });

  it('payloads that contradict each other make no ranks', async () => {
    const both = await openBytes(
      await changed(
        NCCL,
        `UPDATE NVTX_EVENTS SET jsonText = replace(jsonText, '"Rank":1', '"Rank":0')`,
      ),
    );
    expect(both.ranks.map(({ rank }) => rank)).toEqual([-1, -1]);
    const beyond = await openBytes(
      await changed(
        NCCL,
        `UPDATE NVTX_EVENTS SET jsonText = replace(jsonText, '"Rank":1', '"Rank":2')`,
      ),
    );
    expect(beyond.ranks.map(({ rank }) => rank)).toEqual([-1, -1]);
  });

  it('metrics are of the GPU that the low byte of their type numbers', async () => {
    const { counters, ranks } = await openFile(NCCL);
    expect(
      counters.map(
        ({ name, unit, device, rank }) => `${ranks[rank].rank} ${device} ${name} ${unit}`,
      ),
    ).toEqual([
      '0 0 GPC Clock Frequency MHz',
      '0 0 GR Active %',
      '1 1 GPC Clock Frequency MHz',
      '1 1 GR Active %',
    ]);
  });
});

describe('backward operators of emit_nvtx', () => {
  it('their kernels have the module whose backward had begun', async () => {
    const trace = await openFile(BACKWARD);
    const labels = attribute(trace);
    const { gpu, launches, lanes } = trace;
    // The recorded model marks where the backward of each module begins: "bw|model.layers.3.mamba".
    const marks = await plainSql(
      BACKWARD,
      "SELECT start, substr(text, 4) FROM NVTX_EVENTS WHERE text GLOB 'bw|*' ORDER BY 1",
    );
    const [[thread]] = await plainSql(
      BACKWARD,
      "SELECT DISTINCT globalTid & 0xffffff FROM NVTX_EVENTS WHERE text GLOB 'bw|*'",
    );
    const found = { own: 0, none: 0 };
    for (const i of kernelsOf(trace)) {
      const call = gpu.launch[i];
      if (lanes[launches.lane[call]].id === String(thread)) {
        const at = inFile(trace, launches.start[call]);
        const begun = String(marks.filter(([start]) => BigInt(Number(start)) <= at).at(-1)?.[1]);
        const module = trace.names.get(labels.module[i]);
        found[module === '' ? 'none' : 'own']++;
        expect(
          `${module}.`.startsWith(module === '' ? '' : `${begun}.`),
          `${module} in ${begun}`,
        ).toBe(true);
      }
    }
    expect(marks).toHaveLength(15);
    // Without a label: the loss, and the sums of gradients that met, which are no operator's.
    const [[sums]] = await plainSql(
      BACKWARD,
      `SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUPTI_ACTIVITY_KIND_RUNTIME r
         ON r.correlationId = k.correlationId AND r.globalTid & 0xffffff = ${String(thread)}
       WHERE r.start < (SELECT min(start) FROM NVTX_EVENTS WHERE text GLOB 'bw|*') OR NOT EXISTS (
         SELECT 1 FROM NVTX_EVENTS n WHERE n.globalTid = r.globalTid AND n.start <= r.start AND n."end" >= r.start
           AND n.text GLOB '*Backward*, seq = *' AND n.text NOT GLOB 'autograd*')`,
    );
    expect(found).toEqual({ own: 142, none: sums });
  });
});

describe('times', () => {
  it('an export with normalised times is in time since the epoch', async () => {
    const trace = await openFile(NORMALISED);
    const [[first, utc]] = await plainSql(
      NORMALISED,
      `SELECT CAST(min(start) AS TEXT), (SELECT CAST(utcEpochNs AS TEXT) FROM TARGET_INFO_SESSION_START_TIME)
       FROM CUPTI_ACTIVITY_KIND_KERNEL`,
    );
    const kernel = kernelsOf(trace)[0];
    expect(trace.clock.epoch).toBe('unix');
    expect(trace.clock.originNs + BigInt(trace.gpu.start[kernel])).toBe(BigInt(String(first)));
    expect(BigInt(String(first)) > BigInt(String(utc))).toBe(true);
  });

  it('shifted times are set back', async () => {
    const trace = await openFile(GRAPHS);
    const tables = ['KERNEL', 'MEMCPY', 'MEMSET', 'GRAPH_TRACE', 'RUNTIME', 'SYNCHRONIZATION'];
    const shifted = await openBytes(
      await changed(
        GRAPHS,
        ...[
          ...tables.map((t) => `CUPTI_ACTIVITY_KIND_${t}`),
          'NVTX_EVENTS',
          'PROFILER_OVERHEAD',
        ].map(
          (table) => `UPDATE ${table} SET start = start + 1000000000, "end" = "end" + 1000000000`,
        ),
        "UPDATE META_DATA_EXPORT SET value = '1000000000' WHERE name = 'EXPORT_PARAM_TIME_SHIFT'",
      ),
    );
    expect(shifted.clock.originNs).toBe(trace.clock.originNs);
    expect(shifted.clock.epoch).toBe('unix');
  });
});

describe('metrics', () => {
  it('clocks that are named in MHz and written in Hz are in MHz', async () => {
    const { counters } = await openFile(NODES);
    const clock = counters.find(({ name }) => name === 'GPC Clock Frequency');
    const [[least, most]] = await plainSql(
      NODES,
      'SELECT min(value), max(value) FROM GPU_METRICS WHERE metricId = 0',
    );
    expect(clock?.unit).toBe('MHz');
    expect(Math.min(...(clock?.value ?? []))).toBe(Number(least) / 1e6);
    expect(Math.max(...(clock?.value ?? []))).toBe(Number(most) / 1e6);
    expect(Number(most)).toBeGreaterThan(1e9);
  });

  it('clocks that are written in MHz stay as they are', async () => {
    const { counters } = await openBytes(
      await changed(NODES, 'UPDATE GPU_METRICS SET value = 1980 WHERE metricId = 0'),
    );
    const clock = counters.find(({ name }) => name === 'GPC Clock Frequency');
    expect(new Set(clock?.value)).toEqual(new Set([1980]));
  });

  it('may be negative, and may begin before the first event', async () => {
    const { counters } = await openFile(NODES);
    const idle = counters.find(({ name }) => name.startsWith('Unallocated Warps'));
    const [[least]] = await plainSql(
      NODES,
      'SELECT min(value) FROM GPU_METRICS WHERE metricId = 16',
    );
    expect(Math.min(...(idle?.value ?? []))).toBe(least);
    expect(idle?.time[0]).toBeLessThan(0);
  });

  it('that are written as events, too, are said to be so and counted once', async () => {
    const trace = await openFile(STACKS);
    expect(skipped(trace, /counter samples, written as events a second time/)).toEqual([100]);
    const [[allocations]] = await plainSql(
      STACKS,
      'SELECT count(*) FROM CUDA_GPU_MEMORY_USAGE_EVENTS',
    );
    const samples = 300 + Number(allocations);
    expect(trace.report.samples).toEqual({ inFile: samples, read: samples });
  });

  it('allocated memory is what was allocated and not released, by process, GPU and kind', async () => {
    const trace = await openBytes(
      await changed(
        STACKS,
        `INSERT INTO CUDA_GPU_MEMORY_USAGE_EVENTS SELECT * FROM CUDA_GPU_MEMORY_USAGE_EVENTS WHERE memKind = 2`,
        `UPDATE CUDA_GPU_MEMORY_USAGE_EVENTS SET start = start + 1000, bytes = bytes / 4, memoryOperationType = 1
         WHERE rowid = (SELECT max(rowid) FROM CUDA_GPU_MEMORY_USAGE_EVENTS)`,
        `INSERT INTO CUDA_GPU_MEMORY_USAGE_EVENTS SELECT * FROM CUDA_GPU_MEMORY_USAGE_EVENTS WHERE memKind = 1`,
        `UPDATE CUDA_GPU_MEMORY_USAGE_EVENTS SET memoryOperationType = 7
         WHERE rowid = (SELECT max(rowid) FROM CUDA_GPU_MEMORY_USAGE_EVENTS)`,
      ),
    );
    const memory = trace.counters.filter(({ unit }) => unit === 'bytes');
    expect(memory.map(({ name, device, value }) => [name, device, [...value]])).toEqual([
      ['Host memory allocated (pinned)', -1, [1048576]],
      ['GPU memory allocated (device)', 0, [1048576, 786432]],
      ['GPU memory allocated (device static)', 0, [24]],
    ]);
    // An operation that is neither is counted as without a number.
    expect(trace.report.warnings.find(({ code }) => code === 'samples-left-out')?.rows).toBe(1);
  });

  it('of a system on a chip are of the host', async () => {
    // The tables as `nsys export --lazy=false` of 2025.3 makes them; no recording of ours has rows.
    const bytes = await changed(
      GRAPHS,
      'CREATE TABLE SOC_METRICS (rawTimestamp INTEGER NOT NULL, timestamp INTEGER NOT NULL, typeId INTEGER NOT NULL, metricId INTEGER NOT NULL, value INTEGER NOT NULL)',
      'CREATE TABLE TARGET_INFO_SOC_METRICS (typeId INTEGER NOT NULL, sourceId INTEGER NOT NULL, typeName TEXT NOT NULL, metricId INTEGER NOT NULL, metricName TEXT NOT NULL)',
      "INSERT INTO TARGET_INFO_SOC_METRICS VALUES (281479271743489, 281479271743488, '', 0, 'DRAM Read Bandwidth [Throughput %]'), (281479271743489, 281479271743488, '', 1, 'EMC Clock Frequency [MHz]')",
      `INSERT INTO SOC_METRICS SELECT value, 15800000 + value * 100000, 281479271743489, value % 2, CASE value % 2 WHEN 0 THEN value ELSE 3199000000 END
       FROM generate_series(0, 9)`.replace(
        'generate_series(0, 9)',
        `json_each('[0,1,2,3,4,5,6,7,8,9]')`,
      ),
    );
    const trace = await openBytes(bytes);
    expect(
      trace.counters.map(({ name, unit, device, source, time, value }) => [
        `${source} ${device} ${name} ${unit}`,
        time.length,
        [...value],
      ]),
    ).toEqual([
      ['SOC_METRICS -1 DRAM Read Bandwidth %', 5, [0, 2, 4, 6, 8]],
      ['SOC_METRICS -1 EMC Clock Frequency MHz', 5, [3199, 3199, 3199, 3199, 3199]],
    ]);
    expect(Array.from(trace.counters[0].time, (at) => Number(inFile(trace, at)))).toEqual([
      15_800_000, 16_000_000, 16_200_000, 16_400_000, 16_600_000,
    ]);
    expect(trace.report.samples).toEqual({ inFile: 10, read: 10 });
  });
});
