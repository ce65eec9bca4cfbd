import type { SqlEngine, SqlValue } from '../sqlite/engine.js';
import {
  OP,
  type CounterTrack,
  type Trace,
  type TraceReport,
  type Warning,
} from '../trace/index.js';
import type { CounterTracks } from './counterTracks.js';
import { accountFor, eachEventRow } from './eventRows.js';
import { LinkedRows } from './linkedRows.js';
import { progressPart } from './progressPart.js';
import type { ReadOptions, TraceSource } from './reader.js';
import { readOr } from './sqlValues.js';
import { damagedFile } from './sqliteTrace.js';
import { unusedTables } from './unusedTables.js';

/** What a format knows of its recording besides the rows. */
export interface LinkedFormat {
  readonly format: 'rocpd' | 'rpd';
  readonly formatLabel: string;
  /** absolute time, ns, that all times are relative to */
  readonly base: bigint;
  /** row of `launches`, as pushed, behind a row of `gpu`; -1 = none */
  readonly launchOf: (gpuRow: number) => number;
  readonly counters: {
    readonly tracks: CounterTracks;
    build(shift: number, rankAt: (rank: number) => number): CounterTrack[];
  };
  /** rows of the tables read that are no events */
  readonly samples: number;
  /** what its stacks are called where it has none */
  readonly stacks: string;
  readonly warnings: readonly Warning[];
  readonly facts: TraceReport['facts'];
  /** whether something is made of a table, or nothing needs to be */
  readonly isKnown: (table: string) => boolean;
}

/** Reads the tables of a recording that has GPU work and the calls behind it, and keeps its account. */
export class LinkedRecording {
  readonly rows = new LinkedRows();
  readonly problems: Warning[];
  private rowsInFile = 0;
  private seen = 0;
  private tablesRead = 0;

  /**
   * @param tableCount tables that are read, for progress
   * @param found what was already found about the file
   */
  constructor(
    readonly engine: SqlEngine,
    readonly source: TraceSource,
    private readonly options: ReadOptions,
    private readonly tableCount: number,
    found: readonly Warning[],
  ) {
    this.problems = [...found];
  }

  /** What surrounds the events may be damaged while they are not: that is told, once. */
  readonly tolerant = <T>(what: string, read: () => T, otherwise: T): T =>
    readOr(read, otherwise, (damage) => {
      const message = `${what} could not be read (${damage}).`;
      if (!this.problems.some((problem) => problem.message === message)) {
        this.problems.push({ code: 'unreadable-table', message, rows: 0 });
      }
    });

  /** Options for reading the next table. */
  part(): ReadOptions {
    return progressPart(this.options, this.tablesRead++, this.tableCount);
  }

  /**
   * Gives every readable row of a table of events.
   * @param name in the file; '' for a table it does not have
   * @param table as people know it
   */
  async each(
    name: string,
    table: string,
    expressions: readonly string[],
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<void> {
    const part = this.part();
    if (name === '') {
      return;
    }
    const read = await eachEventRow(this.engine, name, expressions, onRow, part);
    this.rowsInFile += read.inFile;
    this.seen += read.seen;
    accountFor(table, read, this.rows.skips, this.problems);
  }

  /** The trace of all that was read. @throws TraceOpenError where damage left nothing */
  build(format: LinkedFormat): Trace {
    const { rows, source, engine, problems } = this;
    const { counters, launchOf } = format;
    if (this.seen === 0 && problems.some(({ code }) => code === 'damaged')) {
      throw damagedFile(source, 'database disk image is malformed');
    }
    const { hasStacks } = rows;
    const { originNs, rowsRead, ...parts } = rows.build(format.base, launchOf);
    const shift = Number(originNs - format.base);
    return {
      files: [{ path: source.path, name: source.name, bytes: source.size }],
      format: format.format,
      formatLabel: format.formatLabel,
      // 1e17 ns is 1973 as an epoch, and three years as a machine's uptime.
      clock: { originNs, epoch: originNs > 10n ** 17n ? 'unix' : 'session', fileBaseNs: 0n },
      ...parts,
      counters: counters.build(shift, (rank) => rows.lanes.positionOf(rank)),
      markers: [],
      report: {
        rowsInFile: this.rowsInFile - format.samples,
        rowsRead,
        rowsCounted: null,
        ...counters.tracks.report(),
        skipped: rows.skips.list(),
        warnings: [
          ...problems,
          ...rows.warnings(),
          ...counters.tracks.warnings(),
          ...this.withoutCall(launchOf),
          ...format.warnings,
          ...unusedTables(engine, format.isKnown),
        ],
        missing: [
          ...(rows.gpu.count === 0 ? ['GPU events'] : []),
          ...(rows.launches.count === 0 ? ['launches'] : []),
          ...(hasStacks ? [] : [format.stacks]),
          'module ranges',
          ...(parts.ranges.kind.includes(OP) ? [] : ['operators']),
        ],
        facts: format.facts,
      },
    };
  }

  private withoutCall(launchOf: (gpuRow: number) => number): Warning[] {
    const { count } = this.rows.gpu;
    let rows = 0;
    for (let row = 0; row < count; row++) {
      rows += launchOf(row) < 0 ? 1 : 0;
    }
    const message = `${rows} of ${count} GPU events have no API call in the trace: what ran them is unknown.`;
    return rows === 0 ? [] : [{ code: 'no-launch', message, rows }];
  }
}
