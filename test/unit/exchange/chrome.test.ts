import { readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { attributedCalls } from '../../../src/session/attributedCalls.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { attribute } from '../../../src/layers/attribute.js';
import {
  GPU_KINDS,
  HOST_KINDS,
  LAYER_TYPES,
  METHODS,
  type TimedColumns,
  type Trace,
} from '../../../src/trace/index.js';
import { openBytes, openFile } from '../formats/reading.js';
import { smallTrace } from '../query/smallTrace.js';
import { exported } from './exporting.js';

interface ChromeEvent {
  readonly ph: string;
  readonly cat?: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly id?: number;
  readonly bp?: string;
  readonly sf?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

interface ChromeFile {
  readonly baseTimeNanoseconds?: number;
  readonly traceEvents: readonly ChromeEvent[];
  readonly stackFrames: Readonly<Record<string, { name: string; parent?: string }>>;
  readonly layerscope: Readonly<Record<string, unknown>>;
}

const files = (format: string) =>
  readdirSync(`test/fixtures/${format}`)
    .filter((name) => /\.(db|rpd|sqlite|json|json\.gz)$/.test(name))
    // Samples alone are no events.
    .filter((name) => !name.startsWith('metrics_alone'))
    .map((name) => `${format}/${name}`);
const KINETO = files('kineto');
const OTHERS = ['flat', 'ingero', 'nsys', 'rocpd', 'rpd'].flatMap(files);

async function roundTrip(trace: Trace) {
  const { text, report, parts } = await exported(trace, { to: 'chrome' });
  const json = JSON.parse(text) as ChromeFile;
  const bytes = new TextEncoder().encode(text);
  return { text, json, report, parts, again: await openBytes(bytes, 'export.json') };
}

/** Rows of a table in words, so that two traces with other numbers for names and lanes compare. */
function rowsOf(trace: Trace, table: TimedColumns, more: (row: number) => unknown = () => '') {
  return Array.from({ length: table.count }, (_, i) => {
    const start = Number(trace.clock.originNs % 10n ** 12n) + table.start[i];
    return [start, table.duration[i], trace.names.get(table.name[i]), more(i)];
  });
}

function described(trace: Trace) {
  const { gpu, launches, ranges, names, lanes, kernelShapes } = trace;
  const launchOf = (i: number) =>
    i < 0 ? '' : `${names.get(launches.name[i])} ${launches.start[i]} ${launches.duration[i]}`;
  const rangeOf = (i: number) =>
    i < 0 ? '' : `${names.get(ranges.name[i])} ${ranges.start[i]} ${ranges.duration[i]}`;
  return {
    gpu: rowsOf(trace, gpu, (i) => [
      gpu.kind[i],
      launchOf(gpu.launch[i]),
      gpu.bytes[i],
      gpu.shape[i] < 0 ? null : kernelShapes[gpu.shape[i]],
      names.get(gpu.collective[i]),
      gpu.replayed[i],
      lanes[gpu.lane[i]].device,
      lanes[gpu.lane[i]].id,
    ]),
    launches: rowsOf(trace, launches, (i) => [
      rangeOf(launches.range[i]),
      lanes[launches.lane[i]].label,
    ]),
    ranges: rowsOf(trace, ranges, (i) => [
      ranges.kind[i],
      rangeOf(ranges.parent[i]),
      rangeOf(ranges.forward?.[i] ?? -1),
      names.get(ranges.hierarchy?.[i] ?? 0),
      lanes[ranges.lane[i]].label,
    ]),
    host: rowsOf(trace, trace.host),
    span: trace.spanNs,
    origin: trace.clock.originNs,
    base: trace.clock.fileBaseNs,
    epoch: trace.clock.epoch,
  };
}

describe('Chrome trace JSON', () => {
  it.each(KINETO)('of %s is read back as it was', async (file) => {
    const trace = await openFile(`test/fixtures/${file}`);
    const { again, json } = await roundTrip(trace);
    // A file without a base whose times are epochs gets one: then times lose nothing in a double.
    const { base, ...after } = described(again);
    expect({ ...after, base: 0n }).toEqual({ ...described(trace), base: 0n });
    if (trace.clock.fileBaseNs !== 0n) {
      expect(base).toBe(trace.clock.fileBaseNs);
      const calls = (of: Trace) => attributedCalls(of, attribute(of), 0, 1e6);
      expect(calls(again)).toEqual(calls(trace));
    }
    expect(json.layerscope).toMatchObject({ rowsInFile: trace.report.rowsInFile });
  });

  it.each(OTHERS)('of %s keeps GPU work, calls, their names, sums and links', async (file) => {
    const trace = await openFile(`test/fixtures/${file}`);
    const { json, report } = await roundTrip(trace);
    const complete = json.traceEvents.filter(({ ph }) => ph === 'X');
    const { gpu, launches, ranges, host } = trace;
    expect(complete.length).toBe(gpu.count + launches.count + ranges.count + host.count);
    expect(report.rows.map(({ rows }) => rows).slice(0, 4)).toEqual([
      gpu.count,
      launches.count,
      ranges.count,
      host.count,
    ]);
    const words = (table: TimedColumns) =>
      Array.from({ length: table.count }, (_, i) => trace.names.get(table.name[i]));
    expect(complete.map(({ name }) => name)).toEqual([gpu, launches, ranges, host].flatMap(words));
    const events = complete.slice(0, gpu.count);
    const total = events.reduce((sum, { dur }) => sum + Math.round(dur * 1e6), 0) / 1e3;
    expect(total).toBeCloseTo(
      gpu.duration.reduce((sum, ns) => sum + ns, 0),
      2,
    );
    // The call of each GPU event by its correlation, and the arrow between them.
    const calls = new Map(
      complete
        .slice(gpu.count, gpu.count + launches.count)
        .map((event) => [event.args['correlation'], event] as const),
    );
    const starts = json.traceEvents.filter(({ ph, cat }) => ph === 's' && cat === 'ac2g');
    const ends = json.traceEvents.filter(({ ph, cat }) => ph === 'f' && cat === 'ac2g');
    expect(starts.length).toBe(gpu.launch.filter((launch) => launch >= 0).length);
    expect(ends.map(({ id }) => id)).toEqual(starts.map(({ id }) => id));
    events.forEach((event, i) => {
      const launch = gpu.launch[i];
      const call = calls.get(event.args['correlation']);
      expect(call?.name).toBe(launch < 0 ? undefined : trace.names.get(launches.name[launch]));
      if (call !== undefined) {
        const arrow = starts.find(({ id }) => id === i + 1);
        expect(arrow).toMatchObject({ pid: call.pid, tid: call.tid, ts: call.ts });
      }
    });
  });

  it.each(OTHERS)('of %s is read back with every event', async (file) => {
    const trace = await openFile(`test/fixtures/${file}`);
    const { again } = await roundTrip(trace);
    const first = (of: Trace): number => Number(of.clock.originNs % 10n ** 12n);
    const events = (of: Trace, table: TimedColumns, kindOf: (i: number) => unknown) =>
      rowsOf(of, table, kindOf)
        .map(([start, ...rest]) => [Number(start) - first(of), ...rest])
        .map((row) => JSON.stringify(row))
        .sort();
    const told = (of: Trace) => {
      const { gpu, launches, ranges, host } = of;
      const called = (i: number) =>
        gpu.launch[i] < 0 ? '' : of.names.get(launches.name[gpu.launch[i]]);
      // A whole graph becomes a kernel, and kernels of this format have no bytes.
      const kindOf = (i: number) => GPU_KINDS[gpu.kind[i]].replace('graph', 'kernel');
      const bytesOf = (i: number) => (kindOf(i) === 'kernel' ? '' : gpu.bytes[i]);
      return {
        gpu: events(of, gpu, (i) => [kindOf(i), called(i), bytesOf(i)]),
        launches: events(of, launches, () => ''),
        ranges: events(of, ranges, (i) => ranges.kind[i]),
        host: events(of, host, (i) => HOST_KINDS[host.kind[i]]),
      };
    };
    expect(told(again)).toEqual(told(trace));
    expect(again.report.rowsRead).toBe(trace.report.rowsRead);
  });

  it('says the layer of every GPU event, also that there is none', async () => {
    const { trace, labels } = smallTrace();
    const { text } = await exported(trace, { to: 'chrome' }, labels);
    const events = (JSON.parse(text) as ChromeFile).traceEvents.filter(
      ({ ph, args }) => ph === 'X' && args !== undefined && 'layer_type' in args,
    );
    expect(events.map(({ args }) => args['layer_type'])).toEqual(
      [...labels.type].map((type) => LAYER_TYPES[type].key),
    );
    expect(events.map(({ args }) => args['layer_index'] ?? -1)).toEqual([...labels.index]);
    expect(events.map(({ args }) => args['method'])).toEqual(
      [...labels.method].map((method) => METHODS[method]),
    );
    expect(events.map(({ args }) => args['module'] ?? '')).toEqual(
      [...labels.module].map((module) => trace.names.get(module)),
    );
    expect(new Set(events.map(({ args }) => args['layer_type']))).toContain('unclassified');
  });

  it('keeps ranks, devices and streams apart, and names them', async () => {
    const { trace, labels } = smallTrace();
    const { text } = await exported(trace, { to: 'chrome' }, labels);
    const { traceEvents } = JSON.parse(text) as ChromeFile;
    const places = traceEvents
      .filter(({ ph }) => ph === 'X')
      .map(({ pid, tid }) => `${pid}/${tid}`);
    const { gpu, launches, ranges, host } = trace;
    const lanes = [gpu, launches, ranges, host].flatMap(({ lane }) => [...lane]);
    const byLane = new Map(lanes.map((lane, i) => [lane, places[i]]));
    expect(new Set(byLane.values()).size).toBe(byLane.size);
    expect(places).toEqual(lanes.map((lane) => byLane.get(lane)));
    const named = traceEvents.filter(({ ph }) => ph === 'M');
    for (const { pid, tid } of traceEvents.filter(({ ph }) => ph === 'X')) {
      expect(named.some((m) => m.name === 'process_name' && m.pid === pid)).toBe(true);
      expect(named.some((m) => m.name === 'thread_name' && m.pid === pid && m.tid === tid)).toBe(
        true,
      );
    }
  });

  it('writes counters, marks, stacks and names that would break other JSON', async () => {
    const { trace, labels } = smallTrace();
    const hostile = 'a"b\\c</script>\u0007\u2028\u202e\ud800\u0000é';
    const name = trace.names.intern(hostile);
    const launchStack = trace.launches.stack.slice().fill(0);
    const odd: Trace = {
      ...trace,
      gpu: { ...trace.gpu, name: trace.gpu.name.slice().fill(name, 0, 1) },
      launches: { ...trace.launches, stack: launchStack },
      stacks: {
        frames: [
          { file: '', line: 0, function: 'leaf', library: 'lib.so' },
          { file: 'm.py', line: 3, function: 'main', library: '' },
        ],
        stacks: [Uint32Array.of(0, 1)],
      },
      counters: [
        {
          name: 'SMs Active',
          unit: '%',
          rank: 0,
          device: 0,
          source: 'GPU_METRICS',
          time: Float64Array.of(5, 1000.5),
          value: Float64Array.of(12.5, 99),
        },
      ],
      markers: [{ time: 7, severity: 'HIGH', title: 'found', text: 't', advice: ['a', 'b'] }],
    };
    const { text } = await exported(odd, { to: 'chrome' }, labels);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u202e\ud800]/);
    const { traceEvents, stackFrames } = JSON.parse(text) as ChromeFile;
    expect(traceEvents[0].name).toBe(hostile);
    const counted = traceEvents.filter(({ ph }) => ph === 'C');
    const gpuPid = traceEvents[0].pid;
    expect(counted).toMatchObject([
      { name: 'SMs Active (%)', pid: gpuPid, args: { '%': 12.5 } },
      { name: 'SMs Active (%)', pid: gpuPid, args: { '%': 99 } },
    ]);
    expect(text).toContain('"ts":1.0005,"args":{"%":99}');
    expect(traceEvents.find(({ ph }) => ph === 'i')).toMatchObject({
      name: 'found',
      args: { severity: 'HIGH', advice: 'a\nb' },
    });
    const launch = traceEvents.find(({ sf }) => sf !== undefined);
    const leaf = stackFrames[launch?.sf ?? ''];
    expect(leaf.name).toBe('lib.so leaf');
    expect(stackFrames[leaf.parent ?? ''].name).toBe('m.py:3 main');
  });

  it('keeps absolute times to the nanosecond where an epoch in µs would not fit a double', async () => {
    const trace = await openFile('test/fixtures/flat/article_600.db');
    const { text, json } = await roundTrip(trace);
    const base = BigInt(/"baseTimeNanoseconds":(\d+)/.exec(text)?.[1] ?? '0');
    expect(base).toBe(trace.clock.originNs);
    json.traceEvents
      .filter(({ ph }) => ph === 'X')
      .slice(0, trace.gpu.count)
      .forEach(({ ts }, i) => expect(Math.round(ts * 1000)).toBe(trace.gpu.start[i]));
  });

  it('of a window holds what starts in it, its calls, and the ranges around it', async () => {
    const trace = await openFile('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
    const { gpu, launches, ranges } = trace;
    const at = gpu.start[Math.floor(gpu.count / 2)];
    const window = { startNs: at, endNs: at + 1e5 };
    const inside = [...gpu.start.keys()].filter(
      (i) => gpu.start[i] >= window.startNs && gpu.start[i] < window.endNs,
    );
    expect(inside.length).toBeGreaterThan(0);
    expect(inside.length).toBeLessThan(gpu.count);
    const { text, report } = await exported(trace, { to: 'chrome', window });
    const complete = (JSON.parse(text) as ChromeFile).traceEvents.filter(({ ph }) => ph === 'X');
    const of = (...cats: string[]) => complete.filter(({ cat = '' }) => cats.includes(cat));
    expect(of('kernel', 'gpu_memcpy', 'gpu_memset').length).toBe(inside.length);
    const correlations = new Set(of('cuda_runtime').map(({ args }) => args['correlation']));
    const launched = inside.filter((i) => gpu.launch[i] >= 0);
    expect(launched.every((i) => correlations.has(gpu.launch[i] + 1))).toBe(true);
    expect(launches.count).toBeGreaterThan(correlations.size);
    const around = [...ranges.start.keys()].filter(
      (i) =>
        ranges.start[i] < window.endNs &&
        (ranges.start[i] >= at || ranges.start[i] + ranges.duration[i] > at),
    );
    expect(of('python_function', 'cpu_op', 'user_annotation').length).toBe(around.length);
    expect(report.rows[0]).toEqual({ what: 'GPU events', rows: inside.length });
  });

  it('is written in small parts, and packed as asked', async () => {
    const trace = await openFile('test/fixtures/kineto/plain.pt.trace.json.gz');
    const plain = await exported(trace, { to: 'chrome' });
    expect(plain.parts.length).toBeGreaterThan(1);
    expect(Math.max(...plain.parts)).toBeLessThan(400_000);
    const packed = await exported(trace, { to: 'chrome', gzip: true });
    expect(gunzipSync(packed.bytes).toString('utf8')).toBe(plain.text);
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 4);
    expect((await exported(trace, { to: 'chrome', gzip: true })).bytes).toEqual(packed.bytes);
  });

  it('calls host events by their kind, and API calls by whose they are', async () => {
    const trace = await openFile('test/fixtures/ingero/plain_0.8.db');
    const { text } = await exported(trace, { to: 'chrome' });
    const complete = (JSON.parse(text) as ChromeFile).traceEvents.filter(({ ph }) => ph === 'X');
    const hosts = complete.slice(trace.launches.count);
    expect(hosts.map(({ cat }) => cat)).toEqual(
      [...trace.host.kind].map((kind) => `host_${HOST_KINDS[kind]}`),
    );
    const calls = complete.slice(0, trace.launches.count);
    expect(calls.every(({ args }) => 'layer_type' in args)).toBe(true);
    expect(calls.length).toBeGreaterThan(0);
  });
});

describe('Chrome trace JSON of several ranks', () => {
  it('is read back with the links of all of them', async () => {
    const parts = await Promise.all(
      [0, 1].map((rank) => openFile(`test/fixtures/kineto/two-ranks.rank${rank}.pt.trace.json.gz`)),
    );
    const trace = mergeRanks(parts);
    const { again } = await roundTrip(trace);
    const rows = (of: Trace) => ({ gpu: described(of).gpu, ranges: described(of).ranges.length });
    expect(rows(again)).toEqual(rows(trace));
    expect(trace.gpu.launch.filter((launch) => launch >= 0).length).toBeGreaterThan(0);
  });
});
