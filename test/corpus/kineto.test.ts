import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { mergeRanks } from '../../src/formats/mergeRanks.js';
import { KERNEL, MODULE, type Trace } from '../../src/trace/index.js';
import { expectSameRows, fileTime } from '../unit/kineto/againstPlainJson.js';
import { plainTrace } from '../unit/kineto/plainJson.js';
import { readTrace } from '../unit/kineto/readFixture.js';

const H200 = '../shared/traces/h200/';
const PUBLIC = '../shared/traces/public/kineto/';

const recorded = readdirSync(H200).filter((name) => name.endsWith('.pt.trace.json.gz'));
const published = readdirSync(PUBLIC).filter((name) => /\.json\.gz$/.test(name));

interface TruthRow {
  readonly ts: string;
  readonly name: string;
  readonly durationNs: number;
  /** class of the innermost module whose forward() launched it, '' where none did */
  readonly moduleClass: string;
}

function truth(name: string): TruthRow[] {
  const [head, ...lines] = gunzipSync(readFileSync(`${H200}${name}.truth.tsv.gz`))
    .toString()
    .trimEnd()
    .split('\n');
  const columns = head.split('\t');
  const at = (wanted: string): number => columns.indexOf(wanted);
  return lines.map((line) => {
    const cells = line.split('\t');
    const [whole, decimals = ''] = cells[at('ts_us')].split('.');
    return {
      ts: `${whole}.${decimals.padEnd(3, '0')}`,
      name: cells[at('name')],
      durationNs: Math.round(Number(cells[at('dur_us')]) * 1000),
      moduleClass: (cells[at('module')] ?? '').split('|')[1] ?? '',
    };
  });
}

/** Class of the innermost module around the launch of a GPU event, '' for none. */
function moduleClass(trace: Trace, gpu: number): string {
  const launch = trace.gpu.launch[gpu];
  let range = launch < 0 ? -1 : trace.launches.range[launch];
  while (range >= 0 && trace.ranges.kind[range] !== MODULE) {
    range = trace.ranges.parent[range];
  }
  return range < 0
    ? ''
    : trace.names.get(trace.ranges.name[range]).replace(/^nn\.Module: (.*)_\d+$/, '$1');
}

test('the corpus is there', () => {
  expect(recorded.length).toBe(11);
  expect(published.length).toBe(16);
});

describe('every row is that of the file', () => {
  test.each([
    ...recorded.map((name) => [name, H200 + name]),
    ...published.map((name) => [name, PUBLIC + name]),
  ])('%s', async (_, path) => {
    const trace = await readTrace(path);
    expectSameRows(trace, plainTrace(path));
  });
});

describe('against the recorded truth', () => {
  test.each([
    ['jamba.pt', 'jamba'],
    ['jamba.stack.pt', 'jamba'],
    ['jamba.graph.pt', 'jamba.graph'],
    ['qwen3_moe.pt', 'qwen3_moe'],
    ['qwen3_moe.stack.pt', 'qwen3_moe'],
    ['qwen3_moe.graph.pt', 'qwen3_moe.graph'],
    ['nemotron_h.pt', 'nemotron_h'],
    ['nemotron_h.graph.pt', 'nemotron_h.graph'],
    ['nemotron_h_ep2.rank0.stack.pt', 'nemotron_h_ep2.rank0'],
    ['nemotron_h_ep2.rank1.stack.pt', 'nemotron_h_ep2.rank1'],
  ])('%s: times as printed', async (name, truthName) => {
    const trace = await readTrace(`${H200}${name}.trace.json.gz`);
    const stated = truth(truthName).map((t) => [t.ts, t.durationNs, t.name].join('\t'));
    // The truth of graph replays lists kernels only.
    const kernelsOnly = truthName.endsWith('.graph');
    const printed: string[] = [];
    for (let i = 0; i < trace.gpu.count; i++) {
      if (!kernelsOnly || trace.gpu.kind[i] === KERNEL) {
        printed.push(
          [
            fileTime(trace, trace.gpu.start[i]),
            trace.gpu.duration[i],
            trace.names.get(trace.gpu.name[i]),
          ].join('\t'),
        );
      }
    }
    expect(printed.length).toBe(stated.length);
    const all = new Set(printed);
    expect(stated.filter((row) => !all.has(row))).toEqual([]);
  });

  test.each([
    ['jamba.stack.pt', 'jamba'],
    ['qwen3_moe.stack.pt', 'qwen3_moe'],
    // Another run than its truth: the same kernels in the same order at other times.
    ['nemotron_h.stack.pt', 'nemotron_h'],
    ['nemotron_h_ep2.rank0.stack.pt', 'nemotron_h_ep2.rank0'],
    ['nemotron_h_ep2.rank1.stack.pt', 'nemotron_h_ep2.rank1'],
  ])('%s: the innermost module of every launch', async (name, truthName) => {
    const trace = await readTrace(`${H200}${name}.trace.json.gz`);
    const stated = truth(truthName).sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
    expect(trace.gpu.count).toBe(stated.length);
    let inside = 0;
    for (let i = 0; i < stated.length; i++) {
      expect(trace.names.get(trace.gpu.name[i])).toBe(stated[i].name);
      if (stated[i].moduleClass !== '') {
        inside++;
        expect(moduleClass(trace, i)).toBe(stated[i].moduleClass);
      }
    }
    expect(inside / stated.length).toBeGreaterThan(0.99);
  });
});

test('two ranks on one clock: their collectives overlap in time', async () => {
  const merged = mergeRanks(
    await Promise.all(
      [0, 1].map((rank) => readTrace(`${H200}nemotron_h_ep2.rank${rank}.stack.pt.trace.json.gz`)),
    ),
  );
  const starts: number[][] = [[], []];
  const ends: number[][] = [[], []];
  for (let i = 0; i < merged.gpu.count; i++) {
    if (/SendRecv/.test(merged.names.get(merged.gpu.name[i]))) {
      const rank = merged.lanes[merged.gpu.lane[i]].rank;
      starts[rank].push(merged.gpu.start[i]);
      ends[rank].push(merged.gpu.start[i] + merged.gpu.duration[i]);
    }
  }
  expect(starts.map((s) => s.length)).toEqual([276, 276]);
  // A send and its receive end together, however long one side waited for the other.
  for (let k = 0; k < 276; k++) {
    expect(Math.min(ends[0][k], ends[1][k])).toBeGreaterThan(Math.max(starts[0][k], starts[1][k]));
  }
});
