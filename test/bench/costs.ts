import { decompose } from '../../src/analysis/decompose.js';
import { findStalls } from '../../src/analysis/stalls.js';
import { Timeline } from '../../src/analysis/timeline.js';
import { bytesSource } from '../../src/formats/bytesSource.js';
import { openTrace } from '../../src/formats/openTrace.js';
import { attribute, type AttributeOptions } from '../../src/layers/attribute.js';
import { traceReaders } from '../../src/session/traceReaders.js';
import { loadNodeSqlJs } from '../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../src/sqlite/sqlJsEngine.js';
import { exported } from '../unit/exchange/exporting.js';
import { readRecorded, recordedPlan } from '../unit/layers/structure/recordedTruth.js';
import { compareEngines } from './engines.js';
import { repeatTrace } from './repeatTrace.js';
import {
  LAYER_TYPES,
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  NameTable,
  RangeBuilder,
} from '../../src/trace/index.js';
import type { LayerLabels, Trace } from '../../src/trace/index.js';

/** A dense stream: kernels of 2 to 100 µs back to back, 1 in 100 a hundred times as long, 60 layers a step. */
function denseTrace(count: number): { trace: Trace; labels: LayerLabels } {
  const names = new NameTable();
  const gpu = new GpuBuilder();
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  let time = 0;
  for (let i = 0; i < count; i++) {
    const duration = (2000 + Math.floor(random() * 98_000)) * (i % 100 === 0 ? 100 : 1);
    gpu.push({ start: time, duration, name: names.intern(`kernel ${i % 80}`), lane: 0, kind: 0 });
    time += duration + Math.floor(random() * 500);
  }
  const trace: Trace = {
    files: [{ path: 'dense', name: 'dense', bytes: 0 }],
    format: 'kineto',
    formatLabel: 'generated',
    clock: { originNs: 0n, epoch: 'session', fileBaseNs: 0n },
    spanNs: time,
    names,
    ranks: [{ rank: 0, worldSize: 1, label: 'rank 0', path: 'dense', device: '' }],
    lanes: [{ kind: 'stream', rank: 0, device: 0, id: '7', process: '', label: 'stream 7' }],
    gpu: gpu.build(),
    launches: new LaunchBuilder().build(),
    ranges: new RangeBuilder().build(),
    host: new HostBuilder().build(),
    kernelShapes: [],
    stacks: { frames: [], stacks: [] },
    counters: [],
    markers: [],
    report: {
      rowsInFile: count,
      rowsRead: count,
      rowsCounted: null,
      skipped: [],
      warnings: [],
      missing: [],
      facts: [],
    },
  };
  const labels: LayerLabels = {
    type: Uint8Array.from({ length: count }, (_, i) => i % LAYER_TYPES.length),
    index: Int16Array.from({ length: count }, (_, i) => Math.floor(i / 12) % 60),
    module: new Uint32Array(count),
    method: new Uint8Array(count).fill(5),
    rule: new Uint16Array(count),
    step: new Int32Array(count).fill(-1),
    rules: [''],
    steps: [],
  };
  return { trace, labels };
}

/** Median of several runs, ms. */
function cost(run: () => void, times: number): number {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    run();
    taken.push(performance.now() - began);
  }
  return taken.sort((a, b) => a - b)[times >> 1];
}

function report(what: string, ratio: number): void {
  console.log(`${what.padEnd(72)} ${ratio.toFixed(2)}x`);
}

const small = denseTrace(100_000);
const large = denseTrace(1_000_000);
const sizes = [small, large] as const;

const sort = cost(() => large.trace.gpu.duration.slice().sort(), 3);
for (const by of ['layer-type', 'layer', 'kernel'] as const) {
  const taken = cost(() => decompose(large.trace, large.labels, { by }), 3);
  report(`decompose by ${by}, 1,000,000 calls, of one plain sort of them`, taken / sort);
}
const stalls = cost(() => findStalls(large.trace, large.labels), 3);
report('stalls, 1,000,000 calls, of one plain sort of them', stalls / sort);

let timelines: readonly Timeline[] = [];
const build = cost(() => {
  timelines = sizes.map(({ trace, labels }) => new Timeline(trace, labels));
}, 1);
report('building both timelines, of one plain sort of 1,000,000 calls', build / sort);

for (const zoom of [1, 0.1, 0.001]) {
  const [of100k, of1M] = sizes.map(({ trace }, i) => {
    let position = 0;
    return cost(() => {
      const width = trace.spanNs * zoom;
      const startNs = ((position++ * 0.37) % 1) * (trace.spanNs - width);
      timelines[i].tiles({ startNs, endNs: startNs + width, pixels: 4000 });
    }, 41);
  });
  report(`tiles of ${zoom * 100} % of the span, 1,000,000 events of 100,000`, of1M / of100k);
}
const tiles = cost(
  () => timelines[1].tiles({ startNs: 0, endNs: large.trace.spanNs, pixels: 4000 }),
  41,
);
report('tiles of the whole span, 1,000,000 events, of one plain sort of them', tiles / sort);

await compareEngines();

// Attribution: two replays of a graph, and one step of eager kernels, until there are a million kernels.
const model = recordedPlan('falcon_h1');
const { trace: step } = await readRecorded('falcon_h1.decode');
const { trace: replays } = await readRecorded('falcon_h1.graph');
const companion = { trace: step, labels: attribute(step, { model }) };
for (const [what, recorded] of [
  ['replayed', replays],
  ['eager', step],
] as const) {
  const [of100k, of1M] = [100_000, 1_000_000].map((kernels) =>
    repeatTrace(recorded, Math.ceil(kernels / recorded.gpu.count)),
  );
  const ways: readonly (readonly [string, AttributeOptions])[] = [
    ['alone', {}],
    ['with a configuration', { model }],
    ['with a companion', { companion }],
  ];
  for (const [how, options] of ways) {
    const taken = cost(() => attribute(of1M, options), 3);
    const name = `attribution of 1,000,000 ${what} kernels ${how}`;
    report(`${name}, of one plain sort of them`, taken / sort);
    report(`${name}, of 100,000`, taken / cost(() => attribute(of100k, options), 5));
    console.log(`${name}: ${(taken / 1000).toFixed(2)} s on this machine`);
  }
}

// Opening: a trace as the profiler wrote it against its import, with the labels told and kept.
const sqlJs = await loadNodeSqlJs();
const readers = traceReaders(async (database) => openSqlJs(sqlJs, database));
const recorded = repeatTrace(step, Math.ceil(100_000 / step.gpu.count));
const events = recorded.gpu.count + recorded.launches.count + recorded.ranges.count;
const asJson = (await exported(recorded, { to: 'chrome' })).bytes;
const asPackedJson = (await exported(recorded, { to: 'chrome', gzip: true })).bytes;
const beganImport = performance.now();
const asImport = (await exported(recorded, { to: 'database' })).bytes;
const imported = performance.now() - beganImport;

/** Median ms of opening a file and knowing its layers. */
async function opening(name: string, bytes: Uint8Array): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    const trace = await openTrace([bytesSource(name, name, bytes)], readers);
    if (trace.kept === undefined) {
      attribute(trace);
    }
    taken.push(performance.now() - began);
  }
  return taken.sort((a, b) => a - b)[1];
}

const ofJson = await opening('trace.json', asJson);
const ofPackedJson = await opening('trace.json.gz', asPackedJson);
const ofImport = await opening('trace.db', asImport);
report(`opening ${events} events as JSON, of opening their import`, ofJson / ofImport);
report(`opening ${events} events as gzip, of opening their import`, ofPackedJson / ofImport);
report('size of the import, of the JSON', asImport.length / asJson.length);
report('size of the import, of the gzip', asImport.length / asPackedJson.length);
console.log(`opening the import: ${(ofImport / 1000).toFixed(2)} s on this machine`);
console.log(
  `writing the import, labels included: ${(imported / 1000).toFixed(2)} s on this machine`,
);
