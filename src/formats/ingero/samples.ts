import type { SqlEngine } from '../../sqlite/engine.js';
import { CounterTracks, type TrackIdentity } from '../counterTracks.js';
import { MOST_NS } from '../exactTime.js';
import { numberOf } from '../numberOf.js';

const MIB = 1024 * 1024;
const TOO_FAR = 'more than 104 days from the events';

/** One quantity of a table's rows. */
interface Quantity {
  readonly column: string;
  readonly name: string;
  readonly unit: string;
  /** what a value is multiplied by to be in `unit` */
  readonly factor: number;
}

/**
 * Readings of /proc, about one a second (internal/sysinfo of ingero-io/ingero). The recorder's MB are
 * kB / 1024.
 */
const SNAPSHOTS: readonly Quantity[] = [
  { column: 'cpu_pct', name: 'CPU in use', unit: '%', factor: 1 },
  { column: 'mem_pct', name: 'Memory in use', unit: '%', factor: 1 },
  { column: 'mem_avail', name: 'Memory available', unit: 'bytes', factor: MIB },
  { column: 'swap_mb', name: 'Swap in use', unit: 'bytes', factor: MIB },
  { column: 'load_avg', name: 'Load average of 1 minute', unit: '', factor: 1 },
];

/** Of the times a control group's threads had no CPU; each row is about all since `window_start`. */
const OFF_CPU: readonly Quantity[] = [
  { column: 'p99_off_cpu', name: 'Off-CPU p99 since the start', unit: 'ns', factor: 1 },
  { column: 'total_off_cpu', name: 'Off-CPU time since the start', unit: 'ns', factor: 1 },
  { column: 'event_count', name: 'Times off CPU since the start', unit: '', factor: 1 },
];

/** Collects what the recorder sampled of its machine. */
export class IngeroSamples {
  readonly tracks = new CounterTracks();
  private readonly identities: TrackIdentity[] = [];

  /**
   * @param originNs absolute time of the trace's start, ns
   * @param machines number of machines the events are of
   */
  constructor(
    private readonly engine: SqlEngine,
    private readonly originNs: bigint,
    private readonly machines: number,
  ) {}

  /** @throws SqlError */
  readSnapshots(): void {
    this.read('system_snapshots', 'timestamp', SNAPSHOTS, '0', () => '');
  }

  /**
   * Control groups are numbered in the order of their ids: their names say what else runs on the machine.
   * @throws SqlError
   */
  readControlGroups(): void {
    this.read(
      'cgroup_schedstat',
      'window_end',
      OFF_CPU,
      'dense_rank() OVER (ORDER BY cgroup_id)',
      (n) => ` (cgroup ${n})`,
    );
  }

  build(): ReturnType<CounterTracks['build']> {
    return this.tracks.build(0, (track) => this.identities[track]);
  }

  /** @param group SQL of a number that tells series of one quantity apart */
  private read(
    table: string,
    time: string,
    all: readonly Quantity[],
    group: string,
    groupName: (group: number) => string,
  ): void {
    const columns = this.engine.columnsOf(table);
    const quantities = all.filter(({ column }) => columns.includes(column));
    if (
      !columns.includes(time) ||
      quantities.length === 0 ||
      (group !== '0' && !columns.includes('cgroup_id'))
    ) {
      return;
    }
    if (this.machines > 1) {
      const [[rows]] = this.engine.query(`SELECT count(*) FROM ${table}`).rows;
      this.tracks.leaveOut(
        `of ${table}, which does not say of which of ${this.machines} machines`,
        Number(rows) * quantities.length,
      );
      return;
    }
    const ofGroup = new Map<number, readonly number[]>();
    const values = quantities.map(({ column }) => numberOf(column)).join(', ');
    this.engine.eachNumeric(
      `SELECT ${group}, (${numberOf(time)}) - (${this.originNs}), ${values} FROM ${table}`,
      (row) => {
        let tracks = ofGroup.get(row[0]);
        if (tracks === undefined) {
          tracks = quantities.map((q) => this.add(table, q, groupName(row[0])));
          ofGroup.set(row[0], tracks);
        }
        const far = Math.abs(row[1]) >= MOST_NS;
        tracks.forEach((track, i) => {
          if (far) {
            this.tracks.leaveOut(TOO_FAR);
          } else {
            this.tracks.push(track, row[1], row[2 + i] * quantities[i].factor);
          }
        });
      },
    );
  }

  private add(source: string, { name, unit }: Quantity, group: string): number {
    const track = this.tracks.add();
    if (track >= 0) {
      this.identities[track] = { name: name + group, unit, rank: 0, device: -1, source };
    }
    return track;
  }
}
