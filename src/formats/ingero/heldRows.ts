import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { MOST_NS } from '../exactTime.js';

const MINUTE = 60_000_000_000;
/** Groups that lie in memory at once; more are left to SQLite, which has temporary files for them. */
const MOST_GROUPS = 1_000_000;
/** More kinds or processes than this make no key. */
const MOST_IDS = 2 ** 26;

/** Name of the table of `HeldRows.asTable`, and of what stands for it in the SQL of `trueCounts`. */
export const HELD = 'held';

/**
 * The rows of `events` as they are read, counted by minute, source, operation and process. Grouping them
 * in SQL would be a second reading of the file and a sorting of all its rows.
 */
export class HeldRows {
  /** group by minute and key */
  private readonly groups = new Map<number, Map<number, number>>();
  private minute = NaN;
  private ofMinute = new Map<number, number>();
  private readonly kinds = new Map<number, number>();
  private readonly processes = new Map<number, number>();
  /** by group, as all below */
  private readonly minutes: number[] = [];
  private readonly sources: number[] = [];
  private readonly ops: number[] = [];
  private readonly pids: number[] = [];
  private readonly count: number[] = [];
  private readonly least: number[] = [];
  private readonly most: number[] = [];
  /** false where a row is not made of whole numbers, and only SQL can say of which minute or process it is */
  private plain: boolean;
  /** the base within its minute, ns */
  private readonly offset: number;
  /** minutes since the epoch of the base */
  private readonly baseMinute: number;

  /** @param base absolute time, ns, that times are relative to */
  constructor(base: bigint) {
    this.plain = base >= 0n;
    this.offset = Number(base % BigInt(MINUTE));
    this.baseMinute = Number(base / BigInt(MINUTE));
  }

  /** @param time ns from the base @param duration ns */
  add(time: number, duration: number, source: SqlValue, op: SqlValue, pid: SqlValue): void {
    if (
      !this.plain ||
      !(Math.abs(time) < MOST_NS - MINUTE && Number.isInteger(time)) ||
      !(Math.abs(duration) < MOST_NS) ||
      !isId(source) ||
      !isId(op) ||
      !isId(pid)
    ) {
      this.plain = false;
      return;
    }
    const minute = Math.floor((time + this.offset) / MINUTE);
    if (minute !== this.minute) {
      this.beginMinute(minute);
    }
    const kind = numberOf(this.kinds, source * MOST_IDS + op);
    const process = numberOf(this.processes, pid);
    const key = process * MOST_IDS + kind;
    let group = this.ofMinute.get(key);
    if (group === undefined) {
      group = this.count.length;
      if (group === MOST_GROUPS) {
        this.plain = false;
        return;
      }
      this.ofMinute.set(key, group);
      this.minutes.push(minute);
      this.sources.push(source);
      this.ops.push(op);
      this.pids.push(pid);
      this.count.push(0);
      this.least.push(duration);
      this.most.push(duration);
    }
    this.count[group]++;
    if (duration < this.least[group]) {
      this.least[group] = duration;
    }
    if (duration > this.most[group]) {
      this.most[group] = duration;
    }
  }

  /**
   * Makes the temporary table `held` of the groups: bucket (ns, the minute's start), source, op, pid, n,
   * least, most (durations, ns).
   * @returns false where only SQL can group the rows
   * @throws SqlError
   */
  asTable(engine: SqlEngine): boolean {
    if (!this.plain) {
      return false;
    }
    engine.run(
      `CREATE TEMP TABLE ${HELD} (bucket INTEGER, source INTEGER, op INTEGER, pid INTEGER, n INTEGER,
         least NUMERIC, most NUMERIC, PRIMARY KEY (bucket, source, op, pid)) WITHOUT ROWID`,
    );
    const { minutes, sources, ops, pids, count, least, most } = this;
    engine.insert(HELD, 7, count.length, (i) => {
      const bucket = BigInt(this.baseMinute + minutes[i]) * BigInt(MINUTE);
      return [bucket, sources[i], ops[i], pids[i], count[i], least[i], most[i]];
    });
    return true;
  }

  private beginMinute(minute: number): void {
    // SQL's remainder has the sign of the time: before the epoch, its minutes are others.
    this.plain &&= minute + this.baseMinute >= 0;
    this.minute = minute;
    const known = this.groups.get(minute);
    this.ofMinute = known ?? new Map<number, number>();
    if (known === undefined) {
      this.groups.set(minute, this.ofMinute);
    }
  }
}

function isId(value: SqlValue): value is number {
  return typeof value === 'number' && value >= 0 && value < MOST_IDS && Number.isInteger(value);
}

function numberOf(ids: Map<number, number>, value: number): number {
  let id = ids.get(value);
  if (id === undefined) {
    id = ids.size;
    ids.set(value, id);
  }
  return id;
}
