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
import { eachEventRow } from '../eventRows.js';
import { rankOfFileName } from '../ranks/rankOfName.js';
import { LinkedRows } from '../linkedRows.js';
import { markerKind } from '../markerKind.js';
import { numberOf } from '../numberOf.js';
import { printable } from '../printable.js';
import { progressPart } from '../progressPart.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { middleTime, numberValue, readOr, recordedTime, textValue } from '../sqlValues.js';
import { damagedFile } from '../sqliteTrace.js';
import { apiPlace, USER_MARKER } from './apiPlace.js';
import { missingOfRpd } from './schema.js';

/** Launches whose arguments count work-items, not blocks: `globalWorkSizeX`, as OpenCL means it. */
const COUNTS_WORK_ITEMS = /^hip(ExtModule|HccModule)LaunchKernel$/;
const OVERHEAD = HOST_KINDS.indexOf('overhead');

/** Tables read here, and those that only describe what others hold. */
const KNOWN = new Set([
  'rocpd_op',
  'rocpd_api',
  'rocpd_api_ops',
  'rocpd_string',
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

/** A row of `rocpd_kernelapi` or `rocpd_copyapi`, by the call it belongs to. */
interface KernelArguments {
  readonly grid: readonly number[];
  readonly block: readonly number[];
  readonly name: string;
}

class RpdTrace {
  private readonly rows = new LinkedRows();
  private readonly problems: Warning[];
  private readonly strings: ReadonlyMap<number, string>;
  private readonly base: bigint;
  /** API id behind each op */
  private readonly apiOfOp = new Map<number, number>();
  private readonly opsOfApi = new Map<number, number>();
  private readonly launchOfApi = new Map<number, number>();
  private readonly apiNames = new Map<number, string>();
  /** API id of each GPU row, NaN = none */
  private readonly apiOfGpu: number[] = [];
  private readonly devices = new Set<number>();
  /** where several processes each have GPUs of their own: the process of each GPU */
  private readonly owners: ReadonlyMap<number, string>;
  /** rank of each of those processes: their order by GPU number */
  private readonly rankOf: ReadonlyMap<string, number>;
  private rowsInFile = 0;
  private seen = 0;
  private tablesRead = 0;
  private linkedTwice = 0;

  constructor(
    private readonly engine: SqlEngine,
    private readonly source: TraceSource,
    private readonly options: ReadOptions,
    found: readonly Warning[],
  ) {
    this.problems = [...found];
    this.strings = this.tolerant('Names', () => texts(engine), new Map());
    this.owners = this.tolerant(
      'The processes behind the GPUs',
      () => ownersOfGpus(engine),
      new Map(),
    );
    this.rankOf = new Map(
      [...new Set(this.owners.values())].map((process, rank) => [process, rank]),
    );
    this.base = middleTime(engine, [
      { table: 'rocpd_op', column: 'start' },
      { table: 'rocpd_api', column: 'start' },
    ]);
  }

  async read(): Promise<Trace> {
    const { engine, rows } = this;
    this.tolerant('Links between calls and GPU work', () => this.readLinks(), undefined);
    const operators = this.tolerant('Operators', () => this.operators(), new Set<number>());
    await this.each('rocpd_api', apiColumns(engine.columnsOf('rocpd_api'), this.base), (row) =>
      this.addApi(row, operators),
    );
    const kernels = this.tolerant('Kernel arguments', () => this.kernelArguments(), new Map());
    const copies = this.tolerant('Copy arguments', () => this.copyBytes(), new Map());
    await this.each('rocpd_op', opColumns(engine.columnsOf('rocpd_op'), this.base), (row) =>
      this.addOp(row, kernels, copies),
    );
    await this.countMonitor();

    const withoutCall = this.apiOfGpu.filter((api) => !this.launchOfApi.has(api)).length;
    const { originNs, rowsRead, ...parts } = rows.build(
      this.base,
      (row) => this.launchOfApi.get(this.apiOfGpu[row]) ?? -1,
    );
    if (this.seen === 0 && this.problems.some(({ code }) => code === 'damaged')) {
      throw damagedFile(this.source, 'database disk image is malformed');
    }
    const { source } = this;
    return {
      files: [{ path: source.path, name: source.name, bytes: source.size }],
      format: 'rpd',
      formatLabel: 'RPD',
      // 1e17 ns is 1973 as an epoch, and three years as a machine's uptime.
      clock: { originNs, epoch: originNs > 10n ** 17n ? 'unix' : 'session', fileBaseNs: 0n },
      ...parts,
      counters: [],
      markers: [],
      report: {
        rowsInFile: this.rowsInFile,
        rowsRead,
        rowsCounted: null,
        skipped: rows.skips.list(),
        warnings: [...this.problems, ...rows.warnings(), ...this.warnings(withoutCall)],
        missing: [
          ...(rows.gpu.count === 0 ? ['GPU events'] : []),
          ...(rows.launches.count === 0 ? ['launches'] : []),
          'python stacks',
          'module ranges',
          ...(parts.ranges.kind.includes(OP) ? [] : ['operators']),
        ],
        facts: this.facts(),
      },
    };
  }

  private addApi(row: readonly SqlValue[], operators: ReadonlySet<number>): void {
    const { rows } = this;
    const [id, start, end] = [row[0], row[1], row[2]].map(numberValue);
    if (!rows.fits(start, end)) {
      return;
    }
    const process = textValue(row[5]);
    const stated = this.text(row[3]);
    const args = this.text(row[4]);
    const place = apiPlace(stated);
    const lane = this.thread(process, textValue(row[6]));
    const duration = end - start;
    if (place === 'launch') {
      this.launchOfApi.set(id, rows.launches.count);
      if (this.opsOfApi.has(id)) {
        this.apiNames.set(id, stated);
      }
      rows.launches.push({ start, duration, name: rows.name(stated), lane, correlation: id });
    } else if (place === 'overhead') {
      rows.host.push({ start, duration, name: rows.name(stated), lane, kind: OVERHEAD });
    } else if (place === 'marker') {
      const kind = operators.has(id) ? OP : markerKind(args);
      rows.ranges.push(start, duration, rows.name(args || USER_MARKER), lane, kind);
    } else {
      const text = args === '' ? stated : `${stated}: ${args}`;
      rows.ranges.push(start, duration, rows.name(text), lane, ANNOTATION);
    }
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
      lane: this.queue(device, textValue(row[6])),
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
  }

  /** HIP grids count blocks but where the call takes work-items. */
  private shape({ grid, block }: KernelArguments, call: string): number {
    const blocks = COUNTS_WORK_ITEMS.test(call)
      ? grid.map((n, i) => Math.ceil(n / block[i]))
      : grid;
    return this.rows.shape(blocks, block);
  }

  private async each(
    table: string,
    expressions: readonly string[],
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<void> {
    const { seen, inFile, damage } = await eachEventRow(
      this.engine,
      table,
      expressions,
      onRow,
      progressPart(this.options, this.tablesRead++, 3),
    );
    this.rowsInFile += inFile;
    this.seen += seen;
    this.rows.skips.add('in a damaged or missing part of the file', inFile - seen);
    if (damage !== undefined) {
      this.problems.push({
        code: 'damaged',
        message: `The database is damaged or cut (${damage}): ${seen} rows of ${table} could be read, those on damaged pages could not.`,
        rows: 0,
      });
    }
  }

  /** Samples of clocks and power are counted: there are no counter tracks yet. */
  private async countMonitor(): Promise<void> {
    if (this.engine.columnsOf('rocpd_monitor').length > 0) {
      let rows = 0;
      await this.each('rocpd_monitor', [], () => rows++);
      this.rows.skips.add('samples of clocks, power and load (rocpd_monitor)', rows);
    }
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

  private kernelArguments(): Map<number, KernelArguments> {
    const byApi = new Map<number, KernelArguments>();
    const columns = this.engine.columnsOf('rocpd_kernelapi');
    if (columns.length === 0) {
      return byApi;
    }
    const of = (name: string): string => (columns.includes(name) ? numberOf(name) : 'NULL');
    const sizes = ['gridX', 'gridY', 'gridZ', 'workgroupX', 'workgroupY', 'workgroupZ'].map(of);
    this.engine.eachNumeric(
      `SELECT api_ptr_id, ${of('kernelName_id')}, ${sizes.join(', ')} FROM rocpd_kernelapi`,
      (row) => {
        byApi.set(row[0], {
          name: this.strings.get(row[1]) ?? '',
          grid: [row[2], row[3], row[4]],
          block: [row[5], row[6], row[7]],
        });
      },
    );
    return byApi;
  }

  /** Bytes of each copy, by its call; a 2D copy states width and height instead. */
  private copyBytes(): Map<number, number> {
    const bytes = new Map<number, number>();
    const columns = this.engine.columnsOf('rocpd_copyapi');
    if (columns.length === 0) {
      return bytes;
    }
    const of = (name: string): string => (columns.includes(name) ? numberOf(name) : 'NULL');
    this.engine.eachNumeric(
      `SELECT api_ptr_id, coalesce(${of('size')}, (${of('width')}) * (${of('height')})) FROM rocpd_copyapi`,
      (row) => bytes.set(row[0], row[1]),
    );
    return bytes;
  }

  private text(id: SqlValue): string {
    return this.strings.get(numberValue(id)) ?? '';
  }

  /** The file is one rank, numbered by its name if at all, unless several processes each have GPUs of their own. */
  private rank(process: string): number {
    const single = this.rankOf.size === 0;
    const number = single ? rankOfFileName(this.source.name) : (this.rankOf.get(process) ?? -1);
    const key = single ? '' : number < 0 ? 'others' : process;
    return this.rows.lanes.rank(key, () => ({
      rank: number,
      worldSize: -1,
      label: number >= 0 ? `rank ${number}` : single ? this.source.name : 'processes without a GPU',
      path: this.source.path,
      device: '',
    }));
  }

  private thread(process: string, id: string): number {
    return this.rows.lanes.lane(`t\0${process}\0${id}`, () => ({
      kind: 'thread',
      rank: this.rank(process),
      device: -1,
      id,
      process,
      label: `thread ${id}`,
    }));
  }

  private queue(device: number, id: string): number {
    const process = this.owners.get(device) ?? '';
    return this.rows.lanes.lane(`q\0${device}\0${id}`, () => ({
      kind: 'stream',
      rank: this.rank(process),
      device: Number.isSafeInteger(device) ? device : 0,
      id,
      process,
      label: `queue ${id}`,
    }));
  }

  private facts(): Trace['report']['facts'] {
    const gpus = [...this.devices].filter(Number.isSafeInteger).sort((a, b) => a - b);
    return [
      ...this.tolerant('The schema version', () => this.version(), []),
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

  private tolerant<T>(what: string, read: () => T, otherwise: T): T {
    return readOr(read, otherwise, (damage) =>
      this.problems.push({
        code: 'unreadable-table',
        message: `${what} could not be read (${damage}).`,
        rows: 0,
      }),
    );
  }

  private warnings(withoutCall: number): Warning[] {
    const { rows, engine } = this;
    const warnings: Warning[] = [];
    const add = (code: string, count: number, message: string): void => {
      if (count > 0) {
        warnings.push({ code, message, rows: count });
      }
    };
    add(
      'no-launch',
      withoutCall,
      `${withoutCall} of ${rows.gpu.count} GPU events have no API call in the trace: what ran them is unknown.`,
    );
    add(
      'linked-twice',
      this.linkedTwice,
      `${this.linkedTwice} links name a second API call for a GPU event that has one; the first is taken.`,
    );
    const unused = engine
      .tables()
      .filter(({ name, type }) => type === 'table' && !KNOWN.has(name.toLowerCase()))
      .map(({ name }) => printable(name, 40));
    if (unused.length > 0) {
      warnings.push({
        code: 'unused-tables',
        message: `Tables this version makes nothing of: ${unused.join(', ')}. SQL reaches them.`,
        rows: 0,
      });
    }
    return warnings;
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

/** By GPU number; empty where one process has all GPUs, or two share one. */
function ownersOfGpus(engine: SqlEngine): Map<number, string> {
  const owners = new Map<number, string>();
  if (engine.columnsOf('rocpd_api_ops').length === 0) {
    return owners;
  }
  const { rows } = engine.query(
    `SELECT o.gpuId, a.pid FROM rocpd_api_ops l JOIN rocpd_op o ON o.id = l.op_id
     JOIN rocpd_api a ON a.id = l.api_id GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  for (const [gpu, process] of rows) {
    owners.set(numberValue(gpu), textValue(process));
  }
  return owners.size === rows.length && new Set(owners.values()).size > 1 ? owners : new Map();
}

function texts(engine: SqlEngine): Map<number, string> {
  const strings = new Map<number, string>();
  engine.each('SELECT id, string FROM rocpd_string', ([id, text]) =>
    strings.set(numberValue(id), textValue(text)),
  );
  return strings;
}

function apiColumns(columns: readonly string[], base: bigint): string[] {
  const plain = (name: string): string => (columns.includes(name) ? `"${name}"` : 'NULL');
  return [
    plain('id'),
    recordedTime('start', base),
    recordedTime('end', base),
    plain('apiName_id'),
    plain('args_id'),
    plain('pid'),
    plain('tid'),
  ];
}

function opColumns(columns: readonly string[], base: bigint): string[] {
  const plain = (name: string): string => (columns.includes(name) ? `"${name}"` : 'NULL');
  return [
    plain('id'),
    recordedTime('start', base),
    recordedTime('end', base),
    plain('description_id'),
    plain('opType_id'),
    plain('gpuId'),
    plain('queueId'),
  ];
}
