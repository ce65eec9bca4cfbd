import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import type { Warning } from '../../trace/index.js';
import { quoteName } from '../../sqlite/sqlText.js';
import { accountFor, eachEventRow, type RowsRead } from '../eventRows.js';
import type { ReadOptions } from '../reader.js';
import { RowSkips } from '../rowSkips.js';
import { unusableTimes } from '../unusableTimes.js';
import type { NsysSchema } from './schema.js';

const WORDS = { noStart: 'no start', noDuration: 'no end', negative: 'an end before its start' };

/** A column of a row as a number, NaN where it has none. */
export function number(value: SqlValue): number {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : NaN;
}

/** Reads the event tables of an export and keeps the account of their rows. */
export class NsysRows {
  /** rows of all event tables */
  inFile = 0;
  /** rows that say nothing a trace could show, by reason */
  readonly skips = new RowSkips();
  /** rows that are none of ours, by reason */
  readonly unread = new RowSkips();
  readonly warnings: Warning[] = [];

  /** @param base time, ns of the session, that starts are made relative to */
  constructor(
    private readonly engine: SqlEngine,
    readonly schema: NsysSchema,
    readonly base: bigint,
    private readonly options: ReadOptions,
  ) {}

  /** SQL of a row's start and duration, ns. The subtraction is SQLite's, on 64-bit integers. */
  times(table: string): string[] {
    const end = this.schema.column(table, 'end');
    return [`"start" - (${this.base})`, `${end} - "start"`];
  }

  /**
   * Gives every row of a table; none where the file does not have it.
   * @param stage "Reading kernels"
   * @throws SqlError; the signal's reason once it is aborted
   */
  async each(
    table: string,
    expressions: readonly string[],
    stage: string,
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<void> {
    if (this.schema.has(table, 'start')) {
      const read = await this.readable(table, expressions, stage, onRow);
      this.inFile += read.inFile;
      accountFor(table, read, this.skips, this.warnings);
    }
  }

  /**
   * Gives every row of a table that is not counted here: its time, ns from the base, and the expressions;
   * none where the file does not have the table.
   * @returns rows that could not be read
   * @throws SqlError; the signal's reason once it is aborted
   */
  async eachUncounted(
    table: string,
    time: string,
    expressions: readonly string[],
    stage: string,
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<number> {
    if (!this.schema.has(table)) {
      return 0;
    }
    const at = `${this.schema.column(table, time)} - (${this.base})`;
    const read = await this.readable(table, [at, ...expressions], stage, onRow);
    const lost = new RowSkips();
    accountFor(table, read, lost, this.warnings);
    return lost.rows;
  }

  private readable(
    table: string,
    expressions: readonly string[],
    stage: string,
    onRow: (row: readonly SqlValue[]) => void,
  ): Promise<RowsRead> {
    const { progress } = this.options;
    return eachEventRow(this.engine, table, expressions, onRow, {
      ...this.options,
      ...(progress !== undefined && { progress: (step) => progress({ ...step, stage }) }),
    });
  }

  /** Whether a row's times can be shown; counts it by reason where they cannot. */
  accepts(start: number, duration: number): boolean {
    const reason = unusableTimes(start, duration, WORDS);
    if (reason !== '') {
      this.skips.add(reason);
    }
    return reason === '';
  }

  /**
   * Counts the rows of a table that is not read.
   * @param apart those of which something else is said
   * @throws SqlError
   */
  leaveOut(
    table: string,
    reason: string,
    apart?: { readonly where: string; readonly reason: string },
  ): void {
    const count = this.count(table);
    const other = apart === undefined ? 0 : this.count(table, apart.where);
    this.inFile += count;
    this.unread.add(reason, count - other);
    this.unread.add(apart?.reason ?? '', other);
  }

  /** Rows of a table that meet a condition. @throws SqlError */
  count(table: string, where = '1'): number {
    return this.schema.has(table)
      ? Number(
          this.engine.query(`SELECT count(*) FROM ${quoteName(table)} WHERE ${where}`).rows[0][0],
        )
      : 0;
  }
}
