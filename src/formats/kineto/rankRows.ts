import { rankOfFileName } from '../ranks/rankOfName.js';
import { ByteInterner } from './byteInterner.js';
import type { EventFields, EventSink } from './eventStream.js';
import { decodeString } from './jsonBytes.js';
import { TraceRows } from './traceRows.js';

/** Events of one rank of a file. */
export interface RankRows {
  /** what the file calls the rank: "TP00", "TP01-DP00"; '' for rows that name none */
  readonly label: string;
  readonly rows: TraceRows;
}

/** Dimensions of parallelism and the number in each, as SGLang's merger writes them. */
const LABEL = /^(?:[A-Z]{2}\d{1,6})(?:-[A-Z]{2}\d{1,6})*$|^Unknown$/;
const OPEN = 0x5b; // '['
const CLOSE = 0x5d; // ']'
const SPACE = 0x20;
const LONGEST_LABEL = 64;
/** A hostile file may name a different rank in each row: beyond these, rows name none. */
const MOST_RANKS = 4096;

/**
 * Sorts the events of a file by rank. The profile merger of SGLang writes the traces of all ranks into one
 * file and sets the rank before each process: `"pid": "[TP00] 4711"`. Processes, correlation ids, Python
 * ids and arrows are each rank's own, so each has rows of its own, as if it were read from its own file.
 */
export class RowsByRank implements EventSink {
  /** rows that name no rank, and what the file states beside its events */
  readonly rest: TraceRows;
  private readonly named: RankRows[] = [];
  /** index in `named` of each text between brackets; -1 where it is no rank */
  private readonly labels = new ByteInterner((bytes, start, end) =>
    this.addLabel(decodeString(bytes, start, end)),
  );

  /** @param bases µs that the times of each rank lie at, by its label; without one its first time says */
  constructor(private readonly bases: ReadonlyMap<string, bigint> = new Map()) {
    this.rest = new TraceRows(bases.get(''));
  }

  event(fields: EventFields): void {
    this.rowsOf(fields).event(fields);
  }

  damaged(): void {
    this.rest.damaged();
  }

  metadata(key: string, json: string): void {
    this.rest.metadata(key, json);
  }

  /** Rows of every rank, those of none first. */
  all(): readonly RankRows[] {
    return [{ label: '', rows: this.rest }, ...this.named];
  }

  /** Where the times of ranks lie whose first time was far from the others; empty where none was. */
  betterBases(): ReadonlyMap<string, bigint> {
    return new Map(
      this.all().flatMap(({ label, rows: { clock } }): [string, bigint][] =>
        clock.betterBaseUs === undefined ? [] : [[label, clock.betterBaseUs]],
      ),
    );
  }

  /** The rows an event belongs to; its process is left without the rank. */
  private rowsOf(fields: EventFields): TraceRows {
    const { bytes, pid } = fields;
    if (pid.start < 0 || bytes[pid.start] !== OPEN) {
      return this.rest;
    }
    const last = Math.min(pid.end, pid.start + LONGEST_LABEL);
    let close = pid.start + 1;
    while (close < last && bytes[close] !== CLOSE) {
      close++;
    }
    if (close + 2 >= pid.end || bytes[close] !== CLOSE || bytes[close + 1] !== SPACE) {
      return this.rest;
    }
    const rank = this.labels.intern(bytes, pid.start + 1, close);
    if (rank < 0) {
      return this.rest;
    }
    pid.start = close + 2;
    return this.named[rank].rows;
  }

  private addLabel(label: string): number {
    if (!LABEL.test(label) || this.named.length >= MOST_RANKS) {
      return -1;
    }
    return this.named.push({ label, rows: new TraceRows(this.bases.get(label)) }) - 1;
  }
}

/** The number of a rank that a file calls by one dimension only: 3 for "TP03"; else -1. */
export function rankOfLabel(label: string): number {
  return label.includes('-') ? -1 : rankOfFileName(label);
}

/** Whether the beginning of a file has events of ranks that were merged into it. */
export function isMerged(text: string): boolean {
  const label = /"pid"\s*:\s*"\[([^\]"]{1,64})\] /.exec(text)?.[1];
  return label !== undefined && LABEL.test(label);
}
