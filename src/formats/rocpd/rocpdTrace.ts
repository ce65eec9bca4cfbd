import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { TraceOpenError, type Trace, type Warning } from '../../trace/index.js';
import { quoteName } from '../../sqlite/sqlText.js';
import { LinkedRecording } from '../linkedRecording.js';
import { printable } from '../printable.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { middleTime, recordedTime, textValue, type Tolerant } from '../sqlValues.js';
import { RocpdCounters } from './counters.js';
import { LZ4 } from './packedTexts.js';
import { recordingsOf, type Recording } from './recording.js';
import { GUID, OWN_COLUMNS, PLACE, RocpdEvents } from './rocpdEvents.js';
import { RocpdLanes } from './rocpdLanes.js';
import { missingOfRocpd, suffixesOf, type EventTable, type SuffixTables } from './tables.js';

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

class RocpdTrace {
  private readonly recording: LinkedRecording;
  private readonly tolerant: Tolerant;
  private readonly base: bigint;
  private readonly lanes: RocpdLanes;
  private readonly counters: RocpdCounters;
  private readonly events: RocpdEvents;
  private readonly recordings: readonly ReadonlyMap<string, Recording>[];

  constructor(
    private readonly engine: SqlEngine,
    source: TraceSource,
    options: ReadOptions,
    found: readonly Warning[],
    private readonly suffixes: readonly SuffixTables[],
  ) {
    const tables = suffixes.length * TABLES_READ;
    this.recording = new LinkedRecording(engine, source, options, tables, found);
    const { rows, tolerant } = this.recording;
    this.tolerant = (what, read) => tolerant(what, read, undefined);
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
    this.lanes = new RocpdLanes(rows.lanes, source, processes);
    this.counters = new RocpdCounters(engine, this.lanes, this.all(), this.tolerant);
    this.events = new RocpdEvents(rows, this.lanes, this.counters);
  }

  private all(): readonly Recording[] {
    return this.recordings.flatMap((byGuid) => [...byGuid.values()]);
  }

  async read(): Promise<Trace> {
    const { recording, counters, events } = this;
    for (const [i, tables] of this.suffixes.entries()) {
      await this.readTables(tables, this.recordings[i]);
    }
    for (const part of this.all()) {
      this.tolerant('Counters', () => counters.read(part));
    }
    const metadata = this.suffixes.map((tables) => this.metadata(tables));
    const versions = [...new Set(metadata.map(({ version }) => version))];
    const compressed = new Set(metadata.map(({ compression }) => compression));
    compressed.delete('');
    compressed.delete(LZ4);
    const version = printable(versions.filter((text) => text !== '').join(', '), 40);
    return recording.build({
      format: 'rocpd',
      formatLabel: version === '' ? 'ROCm rocpd' : `ROCm rocpd ${version}`,
      base: this.base,
      launchOf: (row) => events.launchOf[row],
      counters,
      samples: events.samples,
      stacks: 'launch stacks',
      warnings: this.warnings([...compressed]),
      facts: this.facts(),
      isKnown: (name) => /^rocpd_/i.test(name),
    });
  }

  /** Calls first: GPU work is linked to them as it is read. */
  private async readTables(
    tables: SuffixTables,
    byGuid: ReadonlyMap<string, Recording>,
  ): Promise<void> {
    const [first] = byGuid.values();
    const recordingOf = (row: readonly SqlValue[]): Recording =>
      byGuid.get(textValue(row[GUID])) ?? first;
    const { events } = this;
    await this.each(tables, 'rocpd_region', (row) => events.addRegion(recordingOf(row), row));
    await this.each(tables, 'rocpd_sample', (row) => events.addSample(recordingOf(row), row));
    await this.each(tables, 'rocpd_kernel_dispatch', (row) =>
      events.addKernel(recordingOf(row), row),
    );
    await this.each(tables, 'rocpd_memory_copy', (row) => events.addCopy(recordingOf(row), row));
    await this.each(tables, 'rocpd_memory_allocate', (row) =>
      events.addAllocation(recordingOf(row), row),
    );
    for (const [table, reason] of COUNTED) {
      let rows = 0;
      await this.each(tables, table, () => rows++);
      this.recording.rows.skips.add(reason, rows);
    }
  }

  private async each(
    tables: SuffixTables,
    table: EventTable,
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<void> {
    const own: readonly string[] = Object.hasOwn(OWN_COLUMNS, table)
      ? OWN_COLUMNS[table as keyof typeof OWN_COLUMNS]
      : [];
    const plain = (column: string): string =>
      tables.has(table, column) ? quoteName(column) : 'NULL';
    const time = (column: string): string =>
      tables.has(table, column) ? recordedTime(column, this.base) : 'NULL';
    await this.recording.each(
      tables.table(table),
      table,
      [
        time('start'),
        time('end'),
        plain('guid'),
        plain('event_id'),
        ...PLACE.map(plain),
        ...own.map((column) => (column === 'timestamp' ? time(column) : plain(column))),
      ],
      onRow,
    );
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
    const warnings: Warning[] = [];
    const add = (code: string, count: number, message: string): void => {
      if (count > 0) {
        warnings.push({ code, message, rows: count });
      }
    };
    add(
      'no-event',
      this.events.withoutEvent,
      `${this.events.withoutEvent} GPU events refer to no row of rocpd_event, which would say what launched them.`,
    );
    const unreadable = this.all().reduce((sum, { events }) => sum + events.unreadable, 0);
    add(
      'unreadable-stack',
      unreadable,
      `${unreadable} call stacks are not written in a known way.`,
    );
    const packed = this.all().reduce((sum, { events }) => sum + events.packed.unreadable, 0);
    add(
      'packed-text',
      packed,
      `${packed} packed texts of events could not be unpacked: texts of markers or call stacks are missing.`,
    );
    if (compressed.length > 0) {
      warnings.push({
        code: 'compressed-text',
        message: `The file stores texts of events packed (${printable(compressed.join(', '), 40)}), which this version does not unpack: texts of markers and call stacks are missing.`,
        rows: 0,
      });
    }
    return warnings;
  }
}

/** Tables of events that have no place in the trace, and why. */
const COUNTED: readonly (readonly [EventTable, string])[] = [
  ['rocpd_graph_launch', 'launches of graphs, which their API calls tell (rocpd_graph_launch)'],
  ['rocpd_hip_event', 'HIP events (rocpd_hip_event)'],
];

/** of each recording, for progress */
const TABLES_READ = 5 + COUNTED.length;
