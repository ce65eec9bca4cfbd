import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { flatReader } from '../../src/formats/flat/flatReader.js';
import { kinetoReader } from '../../src/formats/kineto/kinetoReader.js';
import { nodeFileSource } from '../../src/formats/nodeFileSource.js';
import { attribute } from '../../src/layers/attribute.js';
import { loadNodeSqlJs } from '../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../src/sqlite/sqlJsEngine.js';
import { LAYER_TYPES, layerTypeOf, type LayerLabels, type Trace } from '../../src/trace/index.js';

const SHARED = path.join(process.cwd(), '../shared');
const H200 = path.join(SHARED, 'traces/h200');
const JUDGE = path.join(SHARED, 'tools/score-attribution.mjs');

interface Score {
  events_scored: number;
  rows_read: number;
  type_right_pct: number;
  type_wrong_pct: number;
  type_precision_pct: number;
  missing_rows_pct: number;
  layer_index_right_pct: number;
  layer_index_wrong_pct: number;
}

async function readKineto(file: string, folder = H200): Promise<Trace> {
  const source = await nodeFileSource(path.join(folder, file));
  try {
    return await kinetoReader.read(source, {});
  } finally {
    await source.close();
  }
}

/** µs with three decimals, by integers. */
function micros(ns: bigint): string {
  return `${ns / 1000n}.${String(ns % 1000n).padStart(3, '0')}`;
}

function truthRows(truth: string): string[][] {
  return gunzipSync(readFileSync(path.join(H200, truth)))
    .toString()
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** What the judge of `shared/tools` says of the labels. `times` replaces the events' own, row by row. */
function judge(trace: Trace, labels: LayerLabels, truth: string, times?: string[]): Score {
  const { gpu, clock, names } = trace;
  const zero = clock.originNs - clock.fileBaseNs;
  const lines = ['ts_us\tname\tlayer_type\tlayer_index'];
  for (let i = 0; i < gpu.count; i++) {
    lines.push(
      [
        times?.[i] ?? micros(zero + BigInt(Math.round(gpu.start[i]))),
        names.get(gpu.name[i]),
        layerTypeOf(labels.type[i]).key,
        labels.index[i] < 0 ? '' : labels.index[i],
      ].join('\t'),
    );
  }
  const answer = execFileSync(process.execPath, [JUDGE, path.join(H200, truth), '--json'], {
    input: lines.join('\n'),
    maxBuffer: 1 << 28,
  });
  return JSON.parse(answer.toString()) as Score;
}

describe('traces with modules', () => {
  it.each([
    ['jamba.stack.pt.trace.json.gz', 'jamba.truth.tsv.gz'],
    ['qwen3_moe.stack.pt.trace.json.gz', 'qwen3_moe.truth.tsv.gz'],
    ['nemotron_h_ep2.rank0.stack.pt.trace.json.gz', 'nemotron_h_ep2.rank0.truth.tsv.gz'],
    ['nemotron_h_ep2.rank1.stack.pt.trace.json.gz', 'nemotron_h_ep2.rank1.truth.tsv.gz'],
  ])('%s', async (file, truth) => {
    const trace = await readKineto(file);
    const score = judge(trace, attribute(trace), truth);
    expect(score.rows_read).toBe(trace.gpu.count);
    expect(score.missing_rows_pct).toBe(0);
    expect(score.type_right_pct).toBeGreaterThanOrEqual(99.9);
    expect(score.layer_index_right_pct).toBeGreaterThanOrEqual(99.9);
    expect(score.type_wrong_pct).toBe(0);
    expect(score.layer_index_wrong_pct).toBe(0);
  });

  it('nemotron_h.stack.pt.trace.json.gz, against the truth of the plain run', async () => {
    // This stack trace is a recording of its own; the truth was recorded with the plain one. Both
    // ran the same kernels in the same order, so events are matched by order.
    const trace = await readKineto('nemotron_h.stack.pt.trace.json.gz');
    const truth = truthRows('nemotron_h.truth.tsv.gz').sort((a, b) => Number(a[1]) - Number(b[1]));
    expect(Array.from(trace.gpu.name, (name) => trace.names.get(name))).toEqual(
      truth.map((row) => row[5]),
    );
    const times = truth.map((row) => row[1]);
    const score = judge(trace, attribute(trace), 'nemotron_h.truth.tsv.gz', times);
    expect(score.missing_rows_pct).toBe(0);
    expect(score.type_right_pct).toBeGreaterThanOrEqual(99.9);
    expect(score.layer_index_right_pct).toBeGreaterThanOrEqual(99.9);
    expect(score.type_wrong_pct).toBe(0);
  });
});

describe('traces without modules', () => {
  it.each([
    ['nemotron_h.pt.trace.json.gz', 'nemotron_h.truth.tsv.gz', 40],
    ['jamba.pt.trace.json.gz', 'jamba.truth.tsv.gz', 40],
    ['qwen3_moe.pt.trace.json.gz', 'qwen3_moe.truth.tsv.gz', 24],
    ['nemotron_h.graph.pt.trace.json.gz', 'nemotron_h.graph.truth.tsv.gz', 50],
    ['jamba.graph.pt.trace.json.gz', 'jamba.graph.truth.tsv.gz', 44],
    ['qwen3_moe.graph.pt.trace.json.gz', 'qwen3_moe.graph.truth.tsv.gz', 30],
  ])('%s: what is labelled is right', async (file, truth, floor) => {
    const trace = await readKineto(file);
    const score = judge(trace, attribute(trace), truth);
    expect(score.missing_rows_pct).toBe(0);
    expect(score.type_precision_pct).toBeGreaterThanOrEqual(99.9);
    expect(score.type_right_pct).toBeGreaterThanOrEqual(floor);
    expect(score.layer_index_wrong_pct).toBe(0);
  });
});

describe('engines whose models no rule was written for', () => {
  const PUBLIC = path.join(SHARED, 'traces/public/kineto');

  it.each([
    // One eager forward each, so the profiler numbered the layers in the order of the model.
    ['tl_b200_eager.json.gz', /^TransformerBlock_(\d+)/, 36, 'prefill', 'moe_experts'],
    ['tl_sglang_qwen3-8b_prefilldecode.json.gz', /^Qwen3DecoderLayer_(\d+)/, 36, 'prefill', 'mlp'],
  ])('%s', async (file, layer, layers, phase, busiest) => {
    const trace = await readKineto(file, PUBLIC);
    const labels = attribute(trace);
    const seen = new Set<number>();
    const timeOf = new Map<string, number>();
    let total = 0;
    for (let i = 0; i < trace.gpu.count; i++) {
      const instance = layer.exec(trace.names.get(labels.module[i]))?.[1];
      expect(labels.index[i]).toBe(instance === undefined ? -1 : Number(instance));
      if (instance !== undefined) {
        seen.add(labels.index[i]);
      }
      const { key } = layerTypeOf(labels.type[i]);
      timeOf.set(key, (timeOf.get(key) ?? 0) + trace.gpu.duration[i]);
      total += trace.gpu.duration[i];
    }
    expect(seen.size).toBe(layers);
    expect((timeOf.get('unclassified') ?? 0) / total).toBeLessThan(0.01);
    expect([...timeOf].sort((a, b) => b[1] - a[1])[0][0]).toBe(busiest);
    expect(labels.steps.map((step) => step.phase)).toEqual([phase]);
  });
});

describe('training steps', () => {
  const PUBLIC = path.join(SHARED, 'traces/public/kineto');

  // With arrows (2024 on) and without (2021, 2022); the numbers are counted over the files themselves.
  it.each([
    ['hta_nccl_data.json.gz', 'cpu_op'],
    ['hta_ns_resolution_rank-0.pt.trace.json.gz', 'cpu_op'],
    ['hta_trace_diff_control.json.gz', 'cpu_op'],
    ['hta_negative_queue_length_rank0.json.gz', 'cpu_op'],
    ['kineto_resnet50_nw0_worker0.pt.trace.json.gz', 'Operator'],
  ])('%s: every numbered backward operator has its forward one', async (file, category) => {
    const { ranges, names } = await readKineto(file, PUBLIC);
    interface Row {
      cat?: string;
      tid: number | string;
      name: string;
      args?: Record<string, unknown>;
    }
    const { traceEvents } = JSON.parse(
      gunzipSync(readFileSync(path.join(PUBLIC, file))).toString(),
    ) as { traceEvents: Row[] };
    const backward = traceEvents.filter(
      (row) => row.cat === category && Number(row.args?.['Fwd thread id'] ?? 0) > 0,
    );
    const linked = [...(ranges.forward ?? [])].flatMap((of, i) => (of < 0 ? [] : [{ of, i }]));
    expect(linked.length).toBe(backward.length);
    expect(linked.length).toBeGreaterThan(600);
    // A node is named for its forward operator: "MulBackward0" belongs to "aten::mul".
    let named = 0;
    let same = 0;
    for (const { of, i } of linked) {
      const node = /(?:^|: )([A-Z][a-z]+)Backward\d$/.exec(names.get(ranges.name[i]))?.[1];
      if (node !== undefined) {
        named++;
        same += names.get(ranges.name[of]).toLowerCase().includes(node.toLowerCase()) ? 1 : 0;
      }
    }
    expect(named).toBeGreaterThan(100);
    expect(same / named).toBeGreaterThan(0.95);
  });
});

describe('steps', () => {
  it('are those the engine annotated, and hold the kernels launched in them', async () => {
    const trace = await readKineto('nemotron_h_ep2.rank0.stack.pt.trace.json.gz');
    const labels = attribute(trace);
    expect(labels.steps.map((step) => [step.label, step.phase, step.number])).toEqual([
      ['execute_model step=100 decode tokens=32', 'decode', 100],
      ['execute_model step=101 prefill tokens=707', 'prefill', 101],
      ['execute_model step=102 prefill tokens=267', 'prefill', 102],
      ['execute_model step=103 decode tokens=32', 'decode', 103],
    ]);
    // Counted over the file itself: launches by correlation id, inside the annotation on its thread.
    interface Row {
      cat?: string;
      name: string;
      ts: number;
      dur: number;
      pid: number;
      tid: number;
      args?: { correlation?: number };
    }
    const file = path.join(H200, 'nemotron_h_ep2.rank0.stack.pt.trace.json.gz');
    const { traceEvents } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
      traceEvents: Row[];
    };
    const launch = new Map(
      traceEvents
        .filter((row) => row.cat === 'cuda_runtime' || row.cat === 'cuda_driver')
        .map((row) => [row.args?.correlation, row]),
    );
    const gpu = traceEvents.filter((row) => /^(kernel|gpu_memcpy|gpu_memset)$/.test(row.cat ?? ''));
    const counts = traceEvents
      .filter((row) => row.cat === 'user_annotation' && row.name.startsWith('execute_model'))
      .sort((a, b) => a.ts - b.ts)
      .map(
        (step) =>
          gpu.filter((row) => {
            const start = launch.get(row.args?.correlation);
            return start?.tid === step.tid && start.ts >= step.ts && start.ts < step.ts + step.dur;
          }).length,
      );
    expect(labels.steps.map((_, i) => labels.step.filter((step) => step === i).length)).toEqual(
      counts,
    );
    expect(Math.min(...counts)).toBeGreaterThan(1000);
  });
});

describe('traces/article/hybrid.db', () => {
  it('has the calls of the article, by kernel names alone', async () => {
    const sqlJs = await loadNodeSqlJs();
    const source = await nodeFileSource(path.join(SHARED, 'traces/article/hybrid.db'));
    try {
      const trace = await flatReader((bytes) => Promise.resolve(openSqlJs(sqlJs, bytes))).read(
        source,
        {},
      );
      const labels = attribute(trace);
      const counts: Record<string, number> = {};
      for (const type of labels.type) {
        counts[LAYER_TYPES[type].key] = (counts[LAYER_TYPES[type].key] ?? 0) + 1;
      }
      expect(counts).toEqual({ mamba: 3840, attention: 1920, moe_all_to_all: 640 });
    } finally {
      await source.close();
    }
  });
});
