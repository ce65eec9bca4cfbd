import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { OP, TraceOpenError, type Trace, type Warning } from '../../trace/index.js';
import { quoteName } from '../../sqlite/sqlText.js';
import { accountFor, eachEventRow } from '../eventRows.js';
import { LinkedRows } from '../linkedRows.js';
import { printable } from '../printable.js';
import { progressPart } from '../progressPart.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { middleTime, readOr, recordedTime, textValue, type Tolerant } from '../sqlValues.js';
import { damagedFile } from '../sqliteTrace.js';
import { unusedTables } from '../unusedTables.js';
import { RocpdCounters } from './counters.js';
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
  private readonly rows = new LinkedRows();
  private readonly problems: Warning[];
  private readonly base: bigint;
  private readonly lanes: RocpdLanes;
  private readonly counters: RocpdCounters;
  private readonly events: RocpdEvents;
  private readonly recordings: readonly ReadonlyMap<string, Recording>[];
  private rowsInFile = 0;
  private seen = 0;
  private tablesRead = 0;
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
    this.events = new RocpdEvents(this.rows, this.lanes, this.counters);
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
    const { originNs, rowsRead, ...parts } = rows.build(
      this.base,
      (row) => this.events.launchOf[row],
    );
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
        rowsInFile: this.rowsInFile - this.events.samples,
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
      this.rows.skips.add(reason, rows);
    }
  }

  private async each(
    tables: SuffixTables,
    table: EventTable,
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<void> {
    const name = tables.table(table);
    if (name === '') {
      this.tablesRead++;
      return;
    }
    const own: readonly string[] = Object.hasOwn(OWN_COLUMNS, table)
      ? OWN_COLUMNS[table as keyof typeof OWN_COLUMNS]
      : [];
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
    const withoutCall = this.events.launchOf.filter((launch) => launch < 0).length;
    add(
      'no-launch',
      withoutCall,
      `${withoutCall} of ${rows.gpu.count} GPU events have no API call in the trace: what ran them is unknown.`,
    );
    add(
      'no-event',
      this.events.withoutEvent,
      `${this.events.withoutEvent} GPU events refer to no row of rocpd_event, which would say what launched them.`,
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
    return [...warnings, ...unusedTables(engine, (name) => /^rocpd_/i.test(name))];
  }
}

/** Tables of events that have no place in the trace, and why. */
const COUNTED: readonly (readonly [EventTable, string])[] = [
  ['rocpd_graph_launch', 'launches of graphs, which their API calls tell (rocpd_graph_launch)'],
  ['rocpd_hip_event', 'HIP events (rocpd_hip_event)'],
];

/** of each recording, for progress */
const TABLES_READ = 5 + COUNTED.length;
