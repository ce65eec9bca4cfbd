import type { TimeWindow } from '../../analysis/results.js';
import {
  ANNOTATION,
  FRAME,
  GPU_KINDS,
  HOST_KINDS,
  METHODS,
  MODULE,
  OP,
  layerTypeOf,
  timeKindOf,
  type IndexColumn,
  type LayerLabels,
  type Trace,
} from '../../trace/index.js';
import { HOST_CATEGORIES } from '../../formats/kineto/categories.js';
import type { ExportPart, ExportParts } from '../exportRequest.js';
import { exportedRows, inWindow, rowsOf, type RowChoice } from '../exportedRows.js';
import { jsonId, jsonNames, jsonText } from '../jsonText.js';
import { TextBuffer } from '../textBuffer.js';
import { StackFrames } from './stackFrames.js';
import { TraceProcesses } from './traceProcesses.js';
import { TraceTimes } from './traceTimes.js';

/** Categories by the PyTorch profiler's words, which other tools know, too. */
const GPU_CATEGORIES = {
  kernel: 'kernel',
  graph: 'kernel',
  memcpy: 'gpu_memcpy',
  memset: 'gpu_memset',
} as const satisfies Record<(typeof GPU_KINDS)[number], string>;
const RANGE_CATEGORIES = {
  [ANNOTATION]: 'user_annotation',
  [MODULE]: 'python_function',
  [FRAME]: 'python_function',
  [OP]: 'cpu_op',
} as const;
const HIP = /^hip|^hsa/i;
const DRIVER = /^cu[A-Z]/;

/**
 * A trace as Chrome trace JSON, which Perfetto opens: complete events, names of processes and threads,
 * arrows from API calls to what they launched, counters, marks. Layers are arguments of GPU events.
 * docs/export.md says what every part is.
 */
export function* chromeParts(
  trace: Trace,
  labels: LayerLabels,
  window: TimeWindow | undefined,
  writtenBy: string,
): ExportParts {
  const writing = new ChromeWriting(trace, labels, window);
  yield* writing.file(writtenBy);
  return { rows: writing.rows, notes: writing.notes() };
}

class ChromeWriting {
  readonly rows: { what: string; rows: number }[] = [];
  private readonly out = new TextBuffer();
  private readonly times: TraceTimes;
  private readonly processes: TraceProcesses;
  private readonly stacks: StackFrames;
  private readonly name: (id: number) => string;
  private isFirst = true;
  private written = 0;

  constructor(
    private readonly trace: Trace,
    private readonly labels: LayerLabels,
    private readonly window: TimeWindow | undefined,
  ) {
    this.times = new TraceTimes(trace);
    this.processes = new TraceProcesses(trace);
    this.stacks = new StackFrames(trace);
    this.name = jsonNames(trace);
  }

  notes(): readonly string[] {
    const { trace, rows } = this;
    const graphs = trace.gpu.kind.includes(GPU_KINDS.indexOf('graph'));
    return [
      ...(trace.clock.epoch === 'session'
        ? ['The trace does not know the date: times count from a zero of its recorder.']
        : []),
      ...(graphs ? ['Graphs that were recorded as one event are kernels with "graph": 1.'] : []),
      ...(rows.some(({ rows: count }) => count > 0) ? [] : ['Nothing starts in this window.']),
    ];
  }

  *file(writtenBy: string): Generator<ExportPart, void, undefined> {
    const { trace, window, out } = this;
    const { host } = trace;
    const rows = exportedRows(trace, window);
    out.add(`{"schemaVersion":1,`);
    if (this.times.baseNs !== undefined) {
      out.add(`"baseTimeNanoseconds":${this.times.baseNs},`);
    }
    out.add(`"displayTimeUnit":"ns",${this.devices()}${this.source(writtenBy)},"traceEvents":[\n`);
    const measured = timeKindOf(trace);
    yield* this.events('GPU events', rows.gpu, (i) => this.gpuEvent(i));
    yield* this.events('arrows', rows.gpu, (i) => this.arrow(i), false);
    yield* this.events('API calls', rows.launches, (i) =>
      this.launchEvent(i, measured === 'host_api'),
    );
    const range = this.rangeEvents();
    yield* this.events('ranges', rows.ranges, range);
    yield* this.events('host events', rows.host, (i) => {
      const kind = HOST_KINDS[host.kind[i]];
      return `{"ph":"X","cat":"${HOST_CATEGORIES[kind]}","name":${this.name(host.name[i])},${this.when(host, i)}}`;
    });
    yield* this.counters();
    yield* this.marks();
    for (const row of this.processes.names()) {
      this.row(row);
    }
    out.add(`\n],"stackFrames":{`);
    let isFirst = true;
    for (const member of this.stacks.members()) {
      out.add(`${isFirst ? '' : ','}\n${member}`);
      isFirst = false;
      if (out.isFull) {
        yield out.take('Writing stacks', 0.99);
      }
    }
    out.add('}}\n');
    yield out.take('Writing stacks', 1);
  }

  /** @param counts whether its rows are events that the report counts */
  private *events(
    what: string,
    choice: RowChoice,
    text: (row: number) => string,
    counts = true,
  ): Generator<ExportPart, void, undefined> {
    const { out, trace } = this;
    const { gpu, launches, ranges, host } = trace;
    // GPU events are gone through twice, for their arrows.
    const total = 2 * gpu.count + launches.count + ranges.count + host.count;
    let rows = 0;
    for (const row of rowsOf(choice)) {
      const line = text(row);
      if (line !== '') {
        this.row(line);
        rows++;
      }
      this.written++;
      if (out.isFull) {
        yield out.take(`Writing ${what}`, 0.98 * Math.min(1, this.written / total));
      }
    }
    if (counts) {
      this.rows.push({ what, rows });
    }
  }

  private row(text: string): void {
    this.out.add(this.isFirst ? text : `,\n${text}`);
    this.isFirst = false;
  }

  private when(
    columns: { start: Float64Array; duration: Float64Array; lane: IndexColumn },
    i: number,
  ): string {
    const { start, duration, lane } = columns;
    return `${this.processes.place(lane[i])},"ts":${this.times.at(start[i])},"dur":${this.times.duration(duration[i])}`;
  }

  private gpuEvent(i: number): string {
    const { gpu, lanes, kernelShapes } = this.trace;
    const kind = GPU_KINDS[gpu.kind[i]];
    const lane = lanes[gpu.lane[i]];
    const shape = gpu.shape[i] < 0 ? undefined : kernelShapes[gpu.shape[i]];
    const args = [
      ...(lane.device < 0 ? [] : [`"device":${lane.device}`]),
      ...(lane.id === '' ? [] : [`"stream":${jsonId(lane.id)}`]),
      ...(gpu.launch[i] < 0 ? [] : [`"correlation":${gpu.launch[i] + 1}`]),
      ...recorded(gpu.correlation[i]),
      ...(Number.isNaN(gpu.bytes[i]) ? [] : [`"bytes":${gpu.bytes[i]}`]),
      ...(shape === undefined
        ? []
        : [`"grid":[${shape.grid.join(',')}]`, `"block":[${shape.block.join(',')}]`]),
      ...(gpu.collective[i] === 0 ? [] : [`"Collective name":${this.name(gpu.collective[i])}`]),
      ...(kind === 'graph' ? ['"graph":1'] : []),
      ...(gpu.replayed[i] === 1 ? ['"replayed":1'] : []),
      ...this.layer(i),
    ];
    return `{"ph":"X","cat":"${GPU_CATEGORIES[kind]}","name":${this.name(gpu.name[i])},${this.when(gpu, i)}${this.stack(gpu.stack[i])},"args":{${args.join(',')}}}`;
  }

  /** From an API call to what it launched. Each has an id of its own: a graph's call has many. */
  private arrow(i: number): string {
    const { gpu, launches } = this.trace;
    const launch = gpu.launch[i];
    if (launch < 0) {
      return '';
    }
    const head = `"cat":"ac2g","name":"ac2g","id":${i + 1}`;
    const from = `${this.processes.place(launches.lane[launch])},"ts":${this.times.at(launches.start[launch])}`;
    const to = `${this.processes.place(gpu.lane[i])},"ts":${this.times.at(gpu.start[i])}`;
    return `{"ph":"s",${head},${from}},\n{"ph":"f","bp":"e",${head},${to}}`;
  }

  private launchEvent(i: number, isMeasured: boolean): string {
    const { launches, names } = this.trace;
    const api = names.get(launches.name[i]);
    const category = HIP.test(api)
      ? 'hip_runtime'
      : DRIVER.test(api)
        ? 'cuda_driver'
        : 'cuda_runtime';
    const args = [
      `"correlation":${i + 1}`,
      ...recorded(launches.correlation?.[i] ?? NaN),
      ...(isMeasured ? this.layer(i) : []),
    ];
    return `{"ph":"X","cat":"${category}","name":${this.name(launches.name[i])},${this.when(launches, i)}${this.stack(launches.stack[i])},"args":{${args.join(',')}}}`;
  }

  /** Arguments that say which layer a measured call ran for. */
  private layer(i: number): readonly string[] {
    const { type, index, module, method, step, steps } = this.labels;
    const at = step[i] < 0 ? undefined : steps[step[i]];
    return [
      `"layer_type":"${layerTypeOf(type[i]).key}"`,
      ...(index[i] < 0 ? [] : [`"layer_index":${index[i]}`]),
      ...(module[i] === 0 ? [] : [`"module":${this.name(module[i])}`]),
      `"method":"${METHODS[method[i]]}"`,
      ...(at === undefined ? [] : [`"step":${at.number}`, `"phase":"${at.phase}"`]),
    ];
  }

  private stack(stack: number): string {
    const leaf = stack < 0 ? -1 : this.stacks.leaf(stack);
    return leaf < 0 ? '' : `,"sf":"${leaf}"`;
  }

  /** Python rows name their caller; operators of a backward pass the forward operator they belong to. */
  private rangeEvents(): (i: number) => string {
    const { ranges } = this.trace;
    const { kind, parent, forward, hierarchy } = ranges;
    const isForward = new Uint8Array(forward === undefined ? 0 : ranges.count);
    forward?.forEach((of) => {
      if (of >= 0) {
        isForward[of] = 1;
      }
    });
    const isPython = (i: number): boolean => kind[i] === FRAME || kind[i] === MODULE;
    return (i) => {
      const args: string[] = [];
      if (isPython(i)) {
        let caller = parent[i];
        while (caller >= 0 && !isPython(caller)) {
          caller = parent[caller];
        }
        args.push(`"Python id":${i + 1}`);
        if (caller >= 0) {
          args.push(`"Python parent id":${caller + 1}`);
        }
      }
      const of = forward?.[i] ?? -1;
      if (of >= 0) {
        args.push(`"Sequence number":${of + 1}`, `"Fwd thread id":${ranges.lane[of] + 1}`);
      } else if (isForward[i] === 1) {
        args.push(`"Sequence number":${i + 1}`, `"Fwd thread id":0`);
      }
      if (hierarchy !== undefined && hierarchy[i] !== 0) {
        args.push(`"Module Hierarchy":${this.name(hierarchy[i])}`);
      }
      const category = RANGE_CATEGORIES[kind[i] as keyof typeof RANGE_CATEGORIES];
      const event = `{"ph":"X","cat":"${category}","name":${this.name(ranges.name[i])},${this.when(ranges, i)},"args":{${args.join(',')}}}`;
      return of < 0 ? event : `${event},\n${this.forwardArrow(of, i)}`;
    };
  }

  private forwardArrow(from: number, to: number): string {
    const { ranges } = this.trace;
    const end = (i: number): string =>
      `${this.processes.place(ranges.lane[i])},"ts":${this.times.at(ranges.start[i])}`;
    const head = `"cat":"fwdbwd","name":"fwdbwd","id":${to + 1}`;
    return `{"ph":"s",${head},${end(from)}},\n{"ph":"f","bp":"e",${head},${end(to)}}`;
  }

  private *counters(): Generator<ExportPart, void, undefined> {
    const { trace, window, out, times } = this;
    let samples = 0;
    for (const { name, unit, rank, device, time, value } of trace.counters) {
      const shown = jsonText(unit === '' ? name : `${name} (${unit})`);
      const head = `{"ph":"C","name":${shown},"pid":${this.processes.pidOf(rank, device)},"tid":0`;
      const series = jsonText(unit === '' ? 'value' : unit);
      for (let i = 0; i < time.length; i++) {
        if (inWindow(window, time[i])) {
          this.row(`${head},"ts":${times.at(time[i])},"args":{${series}:${value[i]}}}`);
          samples++;
          if (out.isFull) {
            yield out.take('Writing counters', 0.98);
          }
        }
      }
    }
    if (trace.counters.length > 0) {
      this.rows.push({ what: 'samples of counters', rows: samples });
    }
  }

  private *marks(): Generator<ExportPart, void, undefined> {
    const { trace, window, out, times } = this;
    const marks = trace.markers.filter(({ time }) => inWindow(window, time));
    for (const { time, severity, title, text, advice } of marks) {
      const args = `"severity":${jsonText(severity)},"text":${jsonText(text)},"advice":${jsonText(advice.join('\n'))}`;
      this.row(
        `{"ph":"i","s":"g","cat":"marker","name":${jsonText(title)},"pid":${this.processes.pidOf(0, -1)},"tid":0,"ts":${times.at(time)},"args":{${args}}}`,
      );
      if (out.isFull) {
        yield out.take('Writing marks', 0.98);
      }
    }
    if (trace.markers.length > 0) {
      this.rows.push({ what: 'marks', rows: marks.length });
    }
  }

  /** `deviceProperties` and `distributedInfo`, as far as the trace knows them. */
  private devices(): string {
    const { trace } = this;
    const known = new Map<number, string>();
    for (const { kind, device, rank } of trace.lanes) {
      const model = trace.ranks[rank].device;
      if (kind === 'stream' && device >= 0 && model !== '' && !known.has(device)) {
        known.set(device, model);
      }
    }
    const list = [...known].map(([id, name]) => `{"id":${id},"name":${jsonText(name)}}`);
    const [rank] = trace.ranks;
    const isOne = trace.ranks.length === 1 && rank.rank >= 0;
    const size = isOne && rank.worldSize > 0 ? `,"world_size":${rank.worldSize}` : '';
    return [
      list.length === 0 ? '' : `"deviceProperties":[${list.join(',')}],`,
      isOne ? `"distributedInfo":{"rank":${rank.rank}${size}},` : '',
    ].join('');
  }

  /** Where it came from, and which rows of it these are. */
  private source(writtenBy: string): string {
    const { trace, window } = this;
    const { rowsInFile, rowsRead, skipped } = trace.report;
    return `"layerscope":${jsonText({
      writtenBy,
      format: trace.formatLabel,
      files: (trace.kept?.sources ?? trace.files).map(({ name }) => name),
      rowsInFile,
      rowsRead,
      skipped,
      ...(window === undefined ? {} : { window }),
    })}`;
  }
}

/** The correlation id of the original; `correlation` is one that nothing else in the file has. */
function recorded(correlation: number): readonly string[] {
  return Number.isNaN(correlation) ? [] : [`"recorded_correlation":${correlation}`];
}
