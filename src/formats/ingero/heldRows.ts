import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { GrowingColumn } from '../../trace/index.js';
import { MOST_NS } from '../exactTime.js';

const MINUTE = 60_000_000_000;
/** Groups that lie in memory at once, 60 bytes each; more are left to SQLite, which has files for them. */
const MOST_GROUPS = 1_000_000;
/** More kinds or processes than this make no key. */
const MOST_IDS = 2 ** 26;

/** Name of the table of `HeldRows.asTable`, and of what stands for it in the SQL of `trueCounts`. */
export const HELD = 'held';

/**
 * The rows of `events` as they are read, counted by minute, source, operation and process. Grouping them
 * in SQL would be a second reading of the file and a sorting of all its rows.
 *
 * Groups lie in typed arrays, found by a hash: as objects, half a million of them would outlive so many
 * collections that V8 takes 100 MB more for young objects.
 */
export class HeldRows {
  /** group by hash, at the first free place from there on; -1 = free */
  private places = new Int32Array(1 << 12).fill(-1);
  /** by group, as all below: minutes from that of the base */
  private readonly minute = new GrowingColumn(Int32Array);
  private readonly kind = new GrowingColumn(Uint32Array);
  private readonly process = new GrowingColumn(Uint32Array);
  private readonly count = new GrowingColumn(Float64Array);
  private readonly least = new GrowingColumn(Float64Array);
  private readonly most = new GrowingColumn(Float64Array);
  private readonly kinds = new Map<number, number>();
  private readonly processes = new Map<number, number>();
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
    const kind = numberOf(this.kinds, source * MOST_IDS + op);
    const group = this.group(minute, kind, numberOf(this.processes, pid), duration);
    this.count.set(group, this.count.get(group) + 1);
    if (duration < this.least.get(group)) {
      this.least.set(group, duration);
    }
    if (duration > this.most.get(group)) {
      this.most.set(group, duration);
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
    const kinds = [...this.kinds.keys()];
    const pids = [...this.processes.keys()];
    engine.insert(HELD, 7, this.count.length, (i) => {
      const kind = kinds[this.kind.get(i)];
      return [
        BigInt(this.baseMinute + this.minute.get(i)) * BigInt(MINUTE),
        Math.floor(kind / MOST_IDS),
        kind % MOST_IDS,
        pids[this.process.get(i)],
        this.count.get(i),
        this.least.get(i),
        this.most.get(i),
      ];
    });
    return true;
  }

  private group(minute: number, kind: number, process: number, duration: number): number {
    const place = this.place(minute, kind, process);
    const known = this.places[place];
    if (known >= 0) {
      return known;
    }
    const group = this.count.length;
    // SQL's remainder has the sign of the time: before the epoch, its minutes are others.
    this.plain &&= group < MOST_GROUPS && minute + this.baseMinute >= 0;
    this.places[place] = group;
    this.minute.push(minute);
    this.kind.push(kind);
    this.process.push(process);
    this.count.push(0);
    this.least.push(duration);
    this.most.push(duration);
    if (2 * group > this.places.length) {
      this.places = new Int32Array(4 * this.places.length).fill(-1);
      for (let i = 0; i <= group; i++) {
        this.places[this.place(this.minute.get(i), this.kind.get(i), this.process.get(i))] = i;
      }
    }
    return group;
  }

  /** Where a group is, or would be, in `places`. */
  private place(minute: number, kind: number, process: number): number {
    let hash = Math.imul(minute, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) ^ Math.imul(process, 0xc2b2ae3d);
    const mask = this.places.length - 1;
    for (let at = (hash ^ (hash >>> 13)) & mask; ; at = (at + 1) & mask) {
      const group = this.places[at];
      if (
        group < 0 ||
        (this.minute.get(group) === minute &&
          this.process.get(group) === process &&
          this.kind.get(group) === kind)
      ) {
        return at;
      }
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
