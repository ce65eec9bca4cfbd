import { describe, expect, it } from 'vitest';
import { callDetails } from '../../../src/analysis/callDetails.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { attribute } from '../../../src/layers/attribute.js';
import { METHODS, layerTypeOf, type Trace } from '../../../src/trace/index.js';
import { makeDatabase, openBytes } from './reading.js';

/** Two processes count their nodes from the same number on. */
const PROCESS = [(1n << 48n) | (500n << 24n), (1n << 48n) | (600n << 24n)];
const LAYERS = ['self_attn', 'mlp'];

/**
 * Each process captures one kernel in each of two modules at 1 ms (nodes 1 and 2), instantiates the graph
 * (nodes 101, 102; a second copy of them 201, 202), and replays it at 50 ms. `table` and its id column
 * are those of a version.
 */
function graphTrace(table = 'CUDA_GRAPH_NODE_EVENTS'): string[] {
  const sql = [
    'CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT)',
    "INSERT INTO StringIds VALUES (1, 'cudaGraphLaunch_v10000'), (2, 'gemm'), (3, 'Graph Node Creation'), (4, 'cudaLaunchKernel_v7000')",
    'CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER, end INTEGER, deviceId INTEGER, contextId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER, demangledName INTEGER, shortName INTEGER, graphNodeId INTEGER)',
    'CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, end INTEGER, eventClass INTEGER, globalTid INTEGER, correlationId INTEGER, nameId INTEGER, returnValue INTEGER, callchainId INTEGER)',
    'CREATE TABLE NVTX_EVENTS (start INTEGER, end INTEGER, eventType INTEGER, text TEXT, textId INTEGER, globalTid INTEGER)',
    `CREATE TABLE ${table} (start INTEGER, end INTEGER, eventClass INTEGER, globalTid INTEGER, nameId INTEGER, graphNodeId INTEGER, originalGraphNodeId INTEGER)`,
  ];
  PROCESS.forEach((pid, p) => {
    const tid = pid | 7n;
    // The second process captures its modules in the other order.
    const layers = p === 0 ? LAYERS : [...LAYERS].reverse();
    layers.forEach((layer, i) => {
      const start = 1_000_000 + i * 10_000;
      const module = `{''Module'': ''top.model.layers.${i + 3}.${layer}''}`;
      sql.push(
        `INSERT INTO NVTX_EVENTS VALUES (${start}, ${start + 5000}, 59, '${module}', NULL, ${tid})`,
        `INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (${start + 900}, ${start + 1200}, 0, ${tid}, ${i + 1}, 4, 0, NULL)`,
        `INSERT INTO ${table} VALUES (${start + 1000}, ${start + 1100}, 92, ${tid}, 3, ${i + 1}, NULL)`,
        `INSERT INTO ${table} VALUES (${2_000_000 + i}, ${2_000_001 + i}, 92, ${tid}, 3, ${i + 101}, ${i + 1})`,
        `INSERT INTO ${table} VALUES (${3_000_000 + i}, ${3_000_001 + i}, 92, ${tid}, 3, ${i + 201}, ${i + 101})`,
        `INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (${50_001_000 + i * 100}, ${50_001_050 + i * 100}, 0, 1, 7, 9, ${pid}, 2, 2, ${i + 201})`,
      );
    });
    sql.push(
      `INSERT INTO NVTX_EVENTS VALUES (50000000, 50002000, 59, 'execute_context_0(0)_generation_1(1)', NULL, ${tid})`,
      `INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (50000100, 50000200, 0, ${tid}, 9, 1, 0, NULL)`,
    );
  });
  return sql;
}

/** Process, layer type, layer index, module and evidence of each kernel. */
function labelled(trace: Trace): string[] {
  const labels = attribute(trace);
  return Array.from({ length: trace.gpu.count }, (_, i) =>
    [
      trace.lanes[trace.gpu.lane[i]].process,
      layerTypeOf(labels.type[i]).key,
      labels.index[i],
      trace.names.get(labels.module[i]),
      METHODS[labels.method[i]],
    ].join(' '),
  ).sort();
}

const EXPECTED = [
  '500 attention 3 top.model.layers.3.self_attn module',
  '500 mlp 4 top.model.layers.4.mlp module',
  '600 attention 4 top.model.layers.4.self_attn module',
  '600 mlp 3 top.model.layers.3.mlp module',
];

describe('nodes of CUDA graphs', () => {
  it.each(['CUDA_GRAPH_NODE_EVENTS', 'CUDA_GRAPH_EVENTS'])(
    '%s: replayed kernels have the modules they were captured in, by process',
    async (table) => {
      const trace = await openBytes(await makeDatabase(...graphTrace(table)));
      expect(trace.gpu.replayed).toEqual(Uint8Array.of(1, 1, 1, 1));
      expect(labelled(trace)).toEqual(EXPECTED);
      const { report } = trace;
      expect(report.rowsInFile).toBe(4 + 6 + 6 + 12);
      expect(report.rowsRead).toBe(4 + 6 + 6);
      expect(report.skipped.map(({ rows }) => rows)).toEqual([12]);
      expect(report.skipped[0].reason).toContain(table);
    },
  );

  it('the details of a replayed call show the ranges of its capture, and its graph launch', async () => {
    const trace = await openBytes(await makeDatabase(...graphTrace()));
    const labels = attribute(trace);
    const call = trace.gpu.lane.findIndex((lane) => trace.lanes[lane].process === '600');
    const facts = new Map(
      callDetails(trace, labels, call).facts.map(({ name, value }) => [name, value]),
    );
    expect(facts.get('Launch')).toBe('replayed from a graph by cudaGraphLaunch');
    expect(facts.get('Step')).toContain('execute_context_0(0)_generation_1(1)');
  });

  it('links stay right when traces are merged', async () => {
    const bytes = await makeDatabase(...graphTrace());
    const plain = await makeDatabase(
      ...graphTrace().filter((sql) => !/CUDA_GRAPH_NODE_EVENTS/.test(sql)),
    );
    const merged = mergeRanks([await openBytes(plain, 'a'), await openBytes(bytes, 'b')]);
    const found = labelled(merged);
    for (const line of EXPECTED) {
      expect(found.filter((other) => other === line)).toHaveLength(1);
    }
    expect(found.filter((line) => line.includes('unclassified'))).toHaveLength(4);
  });

  it('a node whose call was not recorded, and nodes that are copies in a circle, tell nothing', async () => {
    const trace = await openBytes(
      await makeDatabase(
        ...graphTrace(),
        'DELETE FROM CUDA_GRAPH_NODE_EVENTS WHERE graphNodeId = 1',
        'UPDATE CUDA_GRAPH_NODE_EVENTS SET originalGraphNodeId = 202 WHERE graphNodeId = 102',
      ),
    );
    expect(trace.gpu.captured).toBeUndefined();
    expect(labelled(trace).every((line) => line.includes('unclassified'))).toBe(true);
  });

  it('without threads, the nodes of a file of one process are its own', async () => {
    const one = graphTrace().filter((sql) => !sql.includes(String(PROCESS[1])));
    const sql = [
      ...one.filter((line) => !line.includes(String(PROCESS[1] | 7n))),
      'UPDATE CUDA_GRAPH_NODE_EVENTS SET globalTid = NULL',
    ];
    const trace = await openBytes(await makeDatabase(...sql));
    // The capture's thread is unknown, so no range of a thread is around it.
    expect(trace.gpu.captured).toBeUndefined();
    expect(trace.gpu.count).toBe(2);
  });
});
