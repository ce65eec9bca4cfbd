import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import {
  HOST_KINDS,
  KERNEL,
  MEMCPY,
  MEMSET,
  NO_STACK,
  OP,
  TraceOpenError,
  type Frame,
  type Trace,
  type Warning,
} from '../../trace/index.js';
import { quoteName } from '../../sqlite/sqlText.js';
import { accountFor, eachEventRow } from '../eventRows.js';
import { LinkedRows } from '../linkedRows.js';
import { markerKind } from '../markerKind.js';
import { printable } from '../printable.js';
import { progressPart } from '../progressPart.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import {
  middleTime,
  numberValue,
  readOr,
  recordedTime,
  textValue,
  type Tolerant,
} from '../sqlValues.js';
import { damagedFile } from '../sqliteTrace.js';
import { CallNumbers } from './callNumbers.js';
import { isMarkerCategory, regionPlace } from './categories.js';
import { RocpdCounters } from './counters.js';
import { recordingsOf, type Recording } from './recording.js';
import { RocpdLanes, type Place } from './rocpdLanes.js';
import { missingOfRocpd, suffixesOf, type EventTable, type SuffixTables } from './tables.js';

const MEMORY = HOST_KINDS.indexOf('memory');
const LOOKS_LIKE = 'a rocpd trace (ROCm Systems Profiler, rocprofv3)';

/** Makes a trace of an open rocpd database. @throws TraceOpenError, SqlError */
export async function readRocpdTrace(
  engine: SqlEngine,
  source: TraceSource,
  options: ReadOptions,
  found: readonly Warning[],
): Promise<Trace> {
  const suffixes = suffixesOf(engine);
  const lacks = missingOfRocpd(suffixes);
  if (lacks.length > 0) {
    throw new TraceOpenError(
      'unsupported',
      `${printable(source.name)} is ${LOOKS_LIKE} without what makes one: it lacks ${lacks.join(', ')}. Copy it again from where it was recorded.`,
      LOOKS_LIKE,
      engine.tables().map(({ name }) => name),
    );
  }
  const trace = new RocpdTrace(engine, source, options, found, suffixes);
  return trace.read();
}

/** Columns every table of events is asked for; NULL where it does not have one. */
const PLACE = ['pid', 'tid', 'agent_id', 'queue_id', 'stream_id', 'track_id'] as const;
const START = 0;
const END = 1;
const GUID = 2;
const EVENT = 3;
const FIRST_PLACE = 4;
const OWN = FIRST_PLACE + PLACE.length;

class RocpdTrace {
  private readonly rows = new LinkedRows();
  private readonly problems: Warning[];
  private readonly base: bigint;
  /** launch row of each GPU row */
  private readonly launchOf: number[] = [];
  private readonly calls = new CallNumbers();
  private readonly lanes: RocpdLanes;
  private readonly counters: RocpdCounters;
  private readonly recordings: readonly ReadonlyMap<string, Recording>[];
  private rowsInFile = 0;
  private seen = 0;
  private tablesRead = 0;
  /** rows of `rocpd_sample` that are no events */
  private samples = 0;
  private withoutEvent = 0;
  private unreadableStacks = 0;

  constructor(
    private readonly engine: SqlEngine,
    private readonly source: TraceSource,
    private readonly options: ReadOptions,
    found: readonly Warning[],
    private readonly suffixes: readonly SuffixTables[],
  ) {
    this.problems = [...found];
    this.base = middleTime(
      engine,
      suffixes.flatMap((tables) =>
        (['rocpd_kernel_dispatch', 'rocpd_region', 'rocpd_memory_copy'] as const)
          .filter((table) => tables.has(table, 'start'))
          .map((table) => ({ table: tables.table(table), column: 'start' })),
      ),
    );
    let first = 0;
    this.recordings = suffixes.map((tables) => {
      const byGuid = recordingsOf(engine, tables, first, this.tolerant);
      first += byGuid.size;
      return byGuid;
    });
    const processes = this.all().reduce((sum, of) => sum + Math.max(1, of.processes.size), 0);
    this.lanes = new RocpdLanes(this.rows.lanes, source, processes);
    this.counters = new RocpdCounters(engine, this.lanes, this.all(), this.tolerant);
  }

  private all(): readonly Recording[] {
    return this.recordings.flatMap((byGuid) => [...byGuid.values()]);
  }

  async read(): Promise<Trace> {
    const { rows, source, counters } = this;
    for (const [i, tables] of this.suffixes.entries()) {
      await this.readTables(tables, this.recordings[i]);
    }
    for (const recording of this.all()) {
      this.unreadableStacks += recording.events.unreadable;
      this.tolerant('Counters', () => counters.read(recording));
    }
    if (this.seen === 0 && this.problems.some(({ code }) => code === 'damaged')) {
      throw damagedFile(source, 'database disk image is malformed');
    }
    const hasStacks = rows.hasStacks;
    const { originNs, rowsRead, ...parts } = rows.build(this.base, (row) => this.launchOf[row]);
    const metadata = this.suffixes.map((tables) => this.metadata(tables));
    const versions = [...new Set(metadata.map((recording) => recording.version))];
    const compressed = new Set(metadata.map(({ compression }) => compression));
    compressed.delete('');
    const warnings = this.warnings([...compressed]);
    const version = printable(versions.filter((text) => text !== '').join(', '), 40);
    return {
      files: [{ path: source.path, name: source.name, bytes: source.size }],
      format: 'rocpd',
      formatLabel: version === '' ? 'ROCm rocpd' : `ROCm rocpd ${version}`,
      // 1e17 ns is 1973 as an epoch, and three years as a machine's uptime.
      clock: { originNs, epoch: originNs > 10n ** 17n ? 'unix' : 'session', fileBaseNs: 0n },
      ...parts,
      counters: counters.build(Number(originNs - this.base), (rank) => rows.lanes.positionOf(rank)),
      markers: [],
      report: {
        rowsInFile: this.rowsInFile - this.samples,
        rowsRead,
        rowsCounted: null,
        ...counters.tracks.report(),
        skipped: rows.skips.list(),
        warnings: [
          ...this.problems,
          ...rows.warnings(),
          ...counters.tracks.warnings(),
          ...warnings,
        ],
        missing: [
          ...(rows.gpu.count === 0 ? ['GPU events'] : []),
          ...(rows.launches.count === 0 ? ['launches'] : []),
          ...(hasStacks ? [] : ['launch stacks']),
          'module ranges',
          ...(parts.ranges.kind.includes(OP) ? [] : ['operators']),
        ],
        facts: this.facts(),
      },
    };
  }

  /** Calls first: GPU work is linked to them as it is read. */
  private async readTables(
    tables: SuffixTables,
    byGuid: ReadonlyMap<string, Recording>,
  ): Promise<void> {
    const [first] = byGuid.values();
    const recordingOf = (row: readonly SqlValue[]): Recording =>
      byGuid.get(textValue(row[GUID])) ?? first;
    await this.each(tables, 'rocpd_region', ['name_id'], (row) =>
      this.addRegion(recordingOf(row), row),
    );
    await this.each(tables, 'rocpd_sample', ['name_id', 'timestamp', 'id'], (row) =>
      this.addSample(recordingOf(row), row),
    );
    await this.each(
      tables,
      'rocpd_kernel_dispatch',
      ['kernel_id', ...SIZES, 'graph_exec_id'],
      (row) => this.addKernel(recordingOf(row), row),
    );
    await this.each(
      tables,
      'rocpd_memory_copy',
      ['name_id', 'size', 'dst_agent_id', 'src_agent_id', 'graph_exec_id'],
      (row) => this.addCopy(recordingOf(row), row),
    );
    await this.each(tables, 'rocpd_memory_allocate', ['type', 'level'], (row) =>
      this.addAllocation(recordingOf(row), row),
    );
    for (const [table, reason] of COUNTED) {
      let rows = 0;
      await this.each(tables, table, [], () => rows++);
      this.rows.skips.add(reason, rows);
    }
  }

  private async each(
    tables: SuffixTables,
    table: EventTable,
    own: readonly string[],
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<void> {
    const name = tables.table(table);
    if (name === '') {
      this.tablesRead++;
      return;
    }
    const plain = (column: string): string =>
      tables.has(table, column) ? quoteName(column) : 'NULL';
    const time = (column: string): string =>
      tables.has(table, column) ? recordedTime(column, this.base) : 'NULL';
    const read = await eachEventRow(
      this.engine,
      name,
      [
        time('start'),
        time('end'),
        plain('guid'),
        plain('event_id'),
        ...PLACE.map(plain),
        ...own.map((column) => (column === 'timestamp' ? time(column) : plain(column))),
      ],
      onRow,
      progressPart(this.options, this.tablesRead++, this.suffixes.length * TABLES_READ),
    );
    this.rowsInFile += read.inFile;
    this.seen += read.seen;
    accountFor(table, read, this.rows.skips, this.problems);
  }

  private addRegion(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const event = numberValue(row[EVENT]);
    const stated = recording.strings.get(numberValue(row[OWN])) ?? '';
    const category = this.category(recording, event);
    const place = regionPlace(category, stated);
    if (place.is === 'skipped') {
      rows.skips.add(place.reason);
      return;
    }
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const at = this.place(recording, row);
    const lane = this.lanes.thread(recording, at);
    const duration = end - start;
    if (place.is === 'launch') {
      const correlation = recording.events.stackId(event);
      this.calls.add(recording, at.process, correlation, stated);
      rows.launches.push({
        start,
        duration,
        name: rows.name(stated),
        lane,
        correlation: correlation > 0 ? correlation : NaN,
        stack: this.stack(recording.events.stack(event)),
      });
    } else if (place.is === 'host') {
      rows.host.push({ start, duration, name: rows.name(stated), lane, kind: place.kind });
    } else {
      // The name of a marker's region is that of the roctx function; its text is the message.
      const text = recording.events.message(event) || stated;
      rows.ranges.push(start, duration, rows.name(text), lane, markerKind(text));
    }
  }

  /** Marks of roctx, which have no length, are samples; all other samples are those of counters. */
  private addSample(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const event = numberValue(row[EVENT]);
    const time = numberValue(row[OWN + 1]);
    const at = this.place(recording, row);
    if (!isMarkerCategory(this.category(recording, event))) {
      this.samples++;
      this.counters.sample(recording, numberValue(row[OWN + 2]), event, time, at);
      return;
    }
    if (!rows.fits(time, time)) {
      return;
    }
    const track = recording.tracks.get(numberValue(row[FIRST_PLACE + PLACE.indexOf('track_id')]));
    const text =
      recording.events.message(event) ||
      (recording.strings.get(numberValue(row[OWN])) ?? track?.name ?? '');
    const lane = this.lanes.thread(recording, at);
    rows.ranges.push(time, 0, rows.name(text), lane, markerKind(text));
  }

  private addKernel(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const sizes = SIZES.map((_, i) => numberValue(row[OWN + 1 + i]));
    const block = sizes.slice(0, 3);
    // The file counts work-items, as OpenCL does; HIP and CUDA count blocks.
    const grid = sizes.slice(3).map((items, i) => Math.ceil(items / block[i]));
    const at = this.place(recording, row);
    this.pushGpu(recording, row, at, numberValue(row[OWN + 1 + SIZES.length]), {
      start,
      duration: end - start,
      name: rows.name(recording.kernels.get(numberValue(row[OWN])) ?? ''),
      lane: this.lanes.stream(recording, at, at.agent),
      kind: KERNEL,
      shape: rows.shape(grid, block),
    });
  }

  private addCopy(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const [name, bytes, to, from, graph] = row.slice(OWN, OWN + 5).map(numberValue);
    const text = recording.strings.get(name) ?? '';
    const at = this.place(recording, row);
    const agent = [to, from, at.agent].find((id) => recording.agents.get(id)?.gpu === true);
    this.pushGpu(recording, row, at, graph, {
      start,
      duration: end - start,
      name: rows.name(text),
      lane: this.lanes.stream(recording, at, agent ?? at.agent),
      kind: /fill|memset/i.test(text) ? MEMSET : MEMCPY,
      bytes,
    });
  }

  /** @param graph id of the graph it is a node of; NaN = none, or the file does not say */
  private pushGpu(
    recording: Recording,
    row: readonly SqlValue[],
    at: Place,
    graph: number,
    event: Parameters<LinkedRows['gpu']['push']>[0],
  ): void {
    const { events } = recording;
    const id = numberValue(row[EVENT]);
    this.withoutEvent += Number.isNaN(id) ? 1 : 0;
    const own = events.stackId(id);
    const launch = this.calls.find(recording, at.process, own, events.parentStackId(id));
    this.counters.work(recording, id, event.start, at);
    this.rows.gpu.push({
      ...event,
      correlation: own > 0 ? own : NaN,
      stack: this.stack(events.stack(id)),
    });
    this.launchOf.push(launch);
    if (graph > 0) {
      this.rows.gpu.replayed.set(this.rows.gpu.count - 1, 1);
    }
  }

  private addAllocation(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const [type, level] = [textValue(row[OWN]), textValue(row[OWN + 1])];
    rows.host.push({
      start,
      duration: end - start,
      // "memory alloc (real)"
      name: rows.name(`memory ${type} (${level})`.toLowerCase()),
      lane: this.lanes.thread(recording, this.place(recording, row)),
      kind: MEMORY,
    });
  }

  private category(recording: Recording, event: number): string {
    return recording.categories.get(recording.events.category(event)) ?? '';
  }

  private stack(frames: readonly Frame[]): number {
    return frames.length === 0 ? NO_STACK : this.rows.stacks.add(frames);
  }

  /** From the row itself in schema 3, from its track in schema 4 and for samples. */
  private place(recording: Recording, row: readonly SqlValue[]): Place {
    const [process, thread, agent, queue, stream, trackId] = PLACE.map((_, i) =>
      numberValue(row[FIRST_PLACE + i]),
    );
    const track = recording.tracks.get(trackId);
    const or = (own: number, other: number | undefined): number =>
      Number.isNaN(own) ? (other ?? NaN) : own;
    return {
      process: or(process, track?.process),
      thread: or(thread, track?.thread),
      agent: or(agent, track?.agent),
      queue: or(queue, track?.queue),
      stream: or(stream, track?.stream),
    };
  }

  /** A closed list: process environment, command line, host name and machine id are private. */
  private facts(): Trace['report']['facts'] {
    const gpus = this.lanes.gpus();
    const all = this.all();
    return [
      ...(gpus === '' ? [] : [{ name: 'GPU', value: gpus }]),
      ...(all.length > 1 ? [{ name: 'Recordings in this file', value: String(all.length) }] : []),
      ...(all.some(({ byQueue }) => byQueue)
        ? [{ name: 'Lanes', value: 'queues; the file has all work on one stream' }]
        : []),
    ];
  }

  private readonly tolerant: Tolerant = (what, read) =>
    readOr(read, undefined, (damage) => {
      const message = `${what} could not be read (${damage}).`;
      if (!this.problems.some((problem) => problem.message === message)) {
        this.problems.push({ code: 'unreadable-table', message, rows: 0 });
      }
    });

  private metadata(tables: SuffixTables): { version: string; compression: string } {
    const table = tables.table('rocpd_metadata');
    const value = (tag: string): string => {
      if (!tables.has('rocpd_metadata', 'tag') || !tables.has('rocpd_metadata', 'value')) {
        return '';
      }
      let text = '';
      this.tolerant('The metadata', () =>
        this.engine.each(
          `SELECT value FROM ${quoteName(table)} WHERE tag = '${tag}' ORDER BY id LIMIT 1`,
          ([found]) => (text = textValue(found)),
        ),
      );
      return text;
    };
    return { version: value('schema_version'), compression: value('compression') };
  }

  private warnings(compressed: readonly string[]): Warning[] {
    const { rows, engine } = this;
    const warnings: Warning[] = [];
    const add = (code: string, count: number, message: string): void => {
      if (count > 0) {
        warnings.push({ code, message, rows: count });
      }
    };
    const withoutCall = this.launchOf.filter((launch) => launch < 0).length;
    add(
      'no-launch',
      withoutCall,
      `${withoutCall} of ${rows.gpu.count} GPU events have no API call in the trace: what ran them is unknown.`,
    );
    add(
      'no-event',
      this.withoutEvent,
      `${this.withoutEvent} GPU events refer to no row of rocpd_event, which would say what launched them.`,
    );
    add(
      'unreadable-stack',
      this.unreadableStacks,
      `${this.unreadableStacks} call stacks are not written in a known way.`,
    );
    if (compressed.length > 0) {
      warnings.push({
        code: 'compressed-text',
        message: `The file stores texts of events packed (${printable(compressed.join(', '), 40)}), which this version does not unpack: texts of markers and call stacks are missing.`,
        rows: 0,
      });
    }
    const unused = engine
      .tables()
      .filter(({ name, type }) => type === 'table' && !/^rocpd_/i.test(name))
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

const SIZES = [
  'workgroup_size_x',
  'workgroup_size_y',
  'workgroup_size_z',
  'grid_size_x',
  'grid_size_y',
  'grid_size_z',
];

/** Tables of events that have no place in the trace, and why. */
const COUNTED: readonly (readonly [EventTable, string])[] = [
  ['rocpd_graph_launch', 'launches of graphs, which their API calls tell (rocpd_graph_launch)'],
  ['rocpd_hip_event', 'HIP events (rocpd_hip_event)'],
];

/** of each recording, for progress */
const TABLES_READ = 5 + COUNTED.length;
