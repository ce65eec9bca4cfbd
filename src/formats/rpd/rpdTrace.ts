import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import {
  ANNOTATION,
  HOST_KINDS,
  KERNEL,
  MEMCPY,
  MEMSET,
  OP,
  TraceOpenError,
  type Trace,
  type Warning,
} from '../../trace/index.js';
import { accountFor } from '../eventRows.js';
import { LinkedRecording } from '../linkedRecording.js';
import type { LinkedRows } from '../linkedRows.js';
import { markerKind } from '../markerKind.js';
import { printable } from '../printable.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { middleTime, numberValue, recordedTime, textValue } from '../sqlValues.js';
import { apiPlace } from './apiPlace.js';
import { copyBytes, kernelArguments, type KernelArguments } from './rpdArguments.js';
import { RpdCounters, type CountedWork } from './rpdCounters.js';
import { gpuNumber, ownersOfGpus, RpdLanes } from './rpdLanes.js';
import { missingOfRpd } from './schema.js';
import { stackFrame, stackTexts } from './stackFrames.js';

/** Launches whose arguments count work-items, not blocks: `globalWorkSizeX`, as OpenCL means it. */
const COUNTS_WORK_ITEMS = /^hip(ExtModule|HccModule)LaunchKernel$/;
const OVERHEAD = HOST_KINDS.indexOf('overhead');

/** Tables read here, and those that only describe what others hold. */
const KNOWN = new Set([
  'rocpd_op',
  'rocpd_api',
  'rocpd_api_ops',
  'rocpd_string',
  'rocpd_ustring',
  'rocpd_counter',
  'rocpd_stackframe',
  'rocpd_kernelapi',
  'rocpd_copyapi',
  'rocpd_metadata',
  'rocpd_monitor',
  'rocpd_kernelcodeobject',
  'rocpd_op_inputsignals',
  'rocpd_barrierop',
  'ext_autogradapi',
  'ext_callstack',
]);

/** Makes a trace of an open RPD database. @throws TraceOpenError, SqlError */
export async function readRpdTrace(
  engine: SqlEngine,
  source: TraceSource,
  options: ReadOptions,
  found: readonly Warning[],
): Promise<Trace> {
  const lacks = missingOfRpd((table) => engine.columnsOf(table));
  if (lacks.length > 0) {
    throw new TraceOpenError(
      'unsupported',
      `${printable(source.name)} is an RPD trace (rocmProfileData) without what makes one: it lacks ${lacks.join(', ')}. Copy it again from where it was recorded.`,
      'an RPD trace (rocmProfileData)',
      engine.tables().map(({ name }) => name),
    );
  }
  return new RpdTrace(engine, source, options, found).read();
}

class RpdTrace {
  private readonly recording: LinkedRecording;
  private readonly rows: LinkedRows;
  private readonly strings: ReadonlyMap<number, string>;
  /** texts of arguments: since schema 3 a table of their own */
  private readonly argumentTexts: ReadonlyMap<number, string>;
  private readonly base: bigint;
  private readonly lanes: RpdLanes;
  private readonly counters: RpdCounters;
  /** GPU work by id, where counters belong to it */
  private readonly counted: Map<number, CountedWork> | undefined;
  /** texts of the frames of a call's stack, by its id */
  private readonly stackTexts: ReadonlyMap<number, readonly number[]>;
  /** API id behind each op */
  private readonly apiOfOp = new Map<number, number>();
  private readonly opsOfApi = new Map<number, number>();
  private readonly launchOfApi = new Map<number, number>();
  private readonly apiNames = new Map<number, string>();
  /** API id of each GPU row, NaN = none */
  private readonly apiOfGpu: number[] = [];
  private readonly devices = new Set<number>();
  private linkedTwice = 0;

  constructor(
    private readonly engine: SqlEngine,
    source: TraceSource,
    options: ReadOptions,
    found: readonly Warning[],
  ) {
    this.recording = new LinkedRecording(engine, source, options, TABLES_READ, found);
    this.rows = this.recording.rows;
    const { tolerant } = this.recording;
    this.strings = tolerant('Names', () => texts(engine, 'rocpd_string'), new Map());
    this.argumentTexts = engine.columnsOf('rocpd_ustring').includes('string')
      ? tolerant('Arguments', () => texts(engine, 'rocpd_ustring'), new Map())
      : this.strings;
    const owners = tolerant(
      'The processes behind the GPUs',
      () => ownersOfGpus(engine),
      new Map<number, string>(),
    );
    this.lanes = new RpdLanes(this.rows.lanes, source, owners);
    this.stackTexts = tolerant('Call stacks', () => stackTexts(engine), new Map());
    this.base = middleTime(engine, [
      { table: 'rocpd_op', column: 'start' },
      { table: 'rocpd_api', column: 'start' },
    ]);
    this.counters = new RpdCounters(engine, this.base);
    const hasCounters = tolerant('Counters', () => this.counters.hasCounters(), false);
    this.counted = hasCounters ? new Map() : undefined;
  }

  async read(): Promise<Trace> {
    const { engine, recording, counters, counted } = this;
    const { rows, problems, tolerant } = recording;
    tolerant('Links between calls and GPU work', () => this.readLinks(), undefined);
    const operators = tolerant('Operators', () => this.operators(), new Set<number>());
    await this.each('rocpd_api', API_COLUMNS, (row) => this.addApi(row, operators));
    const kernels = tolerant(
      'Kernel arguments',
      () => kernelArguments(engine, this.strings),
      new Map(),
    );
    const copies = tolerant('Copy arguments', () => copyBytes(engine), new Map());
    await this.each('rocpd_op', OP_COLUMNS, (row) => this.addOp(row, kernels, copies));
    const monitor = await counters.readMonitor(recording.part());
    if (counters.tracks.count > 0 && rows.lanes.rankCount === 0) {
      this.lanes.rank(''); // a file of samples alone
    }
    if (monitor?.damage !== undefined) {
      accountFor('rocpd_monitor', { ...monitor, inFile: monitor.seen }, rows.skips, problems);
    }
    if (counted !== undefined) {
      tolerant('Counters', () => counters.readCounters(this.strings, counted), undefined);
    }
    return recording.build({
      format: 'rpd',
      formatLabel: 'RPD',
      base: this.base,
      launchOf: (row) => this.launchOfApi.get(this.apiOfGpu[row]) ?? -1,
      counters,
      samples: 0,
      stacks: 'python stacks',
      warnings: this.warnings(),
      facts: this.facts(),
      isKnown: (name) => KNOWN.has(name.toLowerCase()),
    });
  }

  private addApi(row: readonly SqlValue[], operators: ReadonlySet<number>): void {
    const { rows } = this;
    const [id, start, end] = [row[0], row[1], row[2]].map(numberValue);
    if (!rows.fits(start, end)) {
      return;
    }
    const process = textValue(row[5]);
    const stated = this.text(row[3]);
    const args = this.argumentTexts.get(numberValue(row[4])) ?? '';
    const place = apiPlace(stated, this.text(row[7]));
    const lane = this.lanes.thread(process, textValue(row[6]));
    const duration = end - start;
    if (place === 'launch') {
      this.launchOfApi.set(id, rows.launches.count);
      if (this.opsOfApi.has(id)) {
        this.apiNames.set(id, stated);
      }
      const stack = this.stack(id);
      rows.launches.push({
        start,
        duration,
        name: rows.name(stated),
        lane,
        correlation: id,
        stack,
      });
    } else if (place === 'overhead') {
      rows.host.push({ start, duration, name: rows.name(stated), lane, kind: OVERHEAD });
    } else if (place === 'marker') {
      const kind = operators.has(id) ? OP : markerKind(args);
      rows.ranges.push(start, duration, rows.name(args || stated), lane, kind);
    } else if (place === 'library') {
      // Its arguments are data about the call, mostly JSON.
      const kind = operators.has(id) ? OP : markerKind(stated);
      rows.ranges.push(start, duration, rows.name(stated), lane, kind);
    } else {
      const text = args === '' ? stated : `${stated}: ${args}`;
      rows.ranges.push(start, duration, rows.name(text), lane, ANNOTATION);
    }
  }

  private stack(api: number): number {
    const frames = this.stackTexts.get(api) ?? [];
    return this.rows.stacks.add(frames.map((id) => stackFrame(this.strings.get(id) ?? '')));
  }

  private addOp(
    row: readonly SqlValue[],
    kernels: ReadonlyMap<number, KernelArguments>,
    copies: ReadonlyMap<number, number>,
  ): void {
    const { rows } = this;
    const [id, start, end, device] = [row[0], row[1], row[2], row[5]].map(numberValue);
    if (!rows.fits(start, end)) {
      return;
    }
    const type = this.text(row[4]);
    const described = this.text(row[3]);
    const api = this.apiOfOp.get(id) ?? NaN;
    const launch = kernels.get(api);
    const kind = opKind(type, described);
    if (kind === undefined) {
      rows.skips.add('barriers and markers of a queue, which are no work');
      return;
    }
    const only = this.opsOfApi.get(api) === 1;
    const own = described || (kind === KERNEL && only ? (launch?.name ?? '') : '') || type;
    rows.gpu.push({
      start,
      duration: end - start,
      name: rows.name(own),
      lane: this.lanes.queue(device, textValue(row[6])),
      kind,
      correlation: api,
      // Arguments of a call are those of its work where it has one piece of it.
      ...(kind === KERNEL && only && launch !== undefined
        ? { shape: this.shape(launch, this.apiNames.get(api) ?? '') }
        : {}),
      ...(kind === KERNEL || !only ? {} : { bytes: copies.get(api) ?? NaN }),
    });
    this.apiOfGpu.push(api);
    this.devices.add(device);
    const rank = this.lanes.rankOfGpu(device);
    this.counted?.set(id, { start, device: gpuNumber(device), rank });
  }

  /** HIP grids count blocks but where the call takes work-items. */
  private shape({ grid, block }: KernelArguments, call: string): number {
    const blocks = COUNTS_WORK_ITEMS.test(call)
      ? grid.map((n, i) => Math.ceil(n / block[i]))
      : grid;
    return this.rows.shape(blocks, block);
  }

  /** Id, start and end of each row of a table, and further columns; NULL for one the table lacks. */
  private each(
    table: string,
    more: readonly string[],
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<void> {
    const columns = this.engine.columnsOf(table);
    const plain = (name: string): string => (columns.includes(name) ? `"${name}"` : 'NULL');
    const times = ['start', 'end'].map((name) => recordedTime(name, this.base));
    return this.recording.each(table, table, [plain('id'), ...times, ...more.map(plain)], onRow);
  }

  private readLinks(): void {
    if (this.engine.columnsOf('rocpd_api_ops').length === 0) {
      return;
    }
    this.engine.eachNumeric('SELECT op_id, api_id FROM rocpd_api_ops ORDER BY id', (row) => {
      const [op, api] = [row[0], row[1]];
      if (this.apiOfOp.has(op)) {
        this.linkedTwice++;
        return;
      }
      this.apiOfOp.set(op, api);
      this.opsOfApi.set(api, (this.opsOfApi.get(api) ?? 0) + 1);
    });
  }

  /** Markers that are operators of PyTorch, by the file's own list. */
  private operators(): Set<number> {
    const ids = new Set<number>();
    if (this.engine.columnsOf('ext_autogradapi').includes('api_ptr_id')) {
      this.engine.eachNumeric('SELECT api_ptr_id FROM ext_autogradapi', (row) => ids.add(row[0]));
    }
    return ids;
  }

  private text(id: SqlValue): string {
    return this.strings.get(numberValue(id)) ?? '';
  }

  private facts(): Trace['report']['facts'] {
    const gpus = [...this.devices].filter(Number.isSafeInteger).sort((a, b) => a - b);
    return [
      ...this.recording.tolerant('The schema version', () => this.version(), []),
      ...(gpus.length === 0 ? [] : [{ name: 'GPU numbers', value: gpus.join(', ') }]),
    ];
  }

  private version(): { name: string; value: string }[] {
    if (this.engine.columnsOf('rocpd_metadata').length === 0) {
      return [];
    }
    return this.engine
      .query("SELECT value FROM rocpd_metadata WHERE tag = 'schema_version'")
      .rows.map(([value]) => ({ name: 'RPD schema', value: printable(textValue(value), 20) }));
  }

  private warnings(): Warning[] {
    const { linkedTwice } = this;
    const message = `${linkedTwice} links name a second API call for a GPU event that has one; the first is taken.`;
    return linkedTwice === 0 ? [] : [{ code: 'linked-twice', message, rows: linkedTwice }];
  }
}

/** undefined for what occupies a queue and does no work. */
function opKind(type: string, description: string): number | undefined {
  if (/copy/i.test(type)) {
    return MEMCPY;
  }
  if (/fill|memset/i.test(type)) {
    return MEMSET;
  }
  // Kernels that a graph launched have the type 'Task'.
  return description !== '' || type === '' || /kernel|task/i.test(type) ? KERNEL : undefined;
}

function texts(engine: SqlEngine, table: string): Map<number, string> {
  const strings = new Map<number, string>();
  engine.each(`SELECT id, string FROM ${table}`, ([id, text]) =>
    strings.set(numberValue(id), textValue(text)),
  );
  return strings;
}

/** for progress */
const TABLES_READ = 3;
const API_COLUMNS = ['apiName_id', 'args_id', 'pid', 'tid', 'domain_id'];
const OP_COLUMNS = ['description_id', 'opType_id', 'gpuId', 'queueId'];
