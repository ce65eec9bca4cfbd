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
import { LAYER_TYPES, layerTypeOf, type Trace } from '../../src/trace/index.js';

const SHARED = path.join(process.cwd(), '../shared');
const H200 = path.join(SHARED, 'traces/h200');

async function readKineto(file: string, folder = H200): Promise<Trace> {
  const source = await nodeFileSource(path.join(folder, file));
  try {
    return await kinetoReader.read(source, {});
  } finally {
    await source.close();
  }
}

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
