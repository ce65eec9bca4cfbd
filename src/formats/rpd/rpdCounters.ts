import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import type { CounterTrack } from '../../trace/index.js';
import { CounterTracks, NO_TIME, type TrackIdentity } from '../counterTracks.js';
import { MOST_NS } from '../exactTime.js';
import { eachEventRow, type RowsRead } from '../eventRows.js';
import { numberOf } from '../numberOf.js';
import type { ReadOptions } from '../reader.js';
import { numberValue, recordedTime, textValue } from '../sqlValues.js';

/** Units of what the tracer samples (rpd_tracer/AmdSmiDataSource.cpp, RocmSmiDataSource.cpp). */
const UNITS: Readonly<Record<string, string>> = {
  sclk: 'MHz',
  mclk: 'MHz',
  gpu_util: '%',
  mem_util: '%',
  mm_util: '%',
  temp_edge: '°C',
  temp_hotspot: '°C',
  temp_mem: '°C',
  power: 'W',
};

/** Work on a GPU that counters may be of. */
export interface CountedWork {
  readonly start: number;
  readonly device: number;
  readonly rank: number;
}

/** Samples of the system management interface, and hardware counters of kernels. */
export class RpdCounters {
  readonly tracks = new CounterTracks();
  private readonly identities: TrackIdentity[] = [];
  private readonly ids = new Map<string, number>();

  /** @param base absolute time, ns, that times are relative to */
  constructor(
    private readonly engine: SqlEngine,
    private readonly base: bigint,
  ) {}

  /**
   * Reads `rocpd_monitor`: a row is a value that held from `start` to `end`, and is a sample at its start.
   * Its devices are numbered by the management interface, in another way than `gpuId` (in both public
   * files GPU 2 is device 0), so that no track is said to be of a GPU of the trace.
   */
  async readMonitor(options: ReadOptions): Promise<RowsRead | undefined> {
    const columns = this.engine.columnsOf('rocpd_monitor');
    if (columns.length === 0) {
      return undefined;
    }
    const plain = (name: string): string => (columns.includes(name) ? `"${name}"` : 'NULL');
    const read = await eachEventRow(
      this.engine,
      'rocpd_monitor',
      [
        columns.includes('start') ? recordedTime('start', this.base) : 'NULL',
        columns.includes('value') ? numberOf('value') : 'NULL',
        ...['deviceType', 'deviceId', 'monitorType'].map(plain),
      ],
      (row: readonly SqlValue[]) => {
        const [type, device, quantity] = row.slice(2, 5).map(textValue);
        const time = numberValue(row[0]);
        const of = type === 'gpu' ? `SMI device ${device}` : `${type} ${device}`.trim();
        const track = this.track({
          name: of === '' ? quantity : `${quantity} (${of})`,
          unit: UNITS[quantity] ?? '',
          rank: 0,
          device: -1,
          source: 'rocpd_monitor',
        });
        const near = Math.abs(time) < MOST_NS;
        this.tracks.push(track, near ? time : NaN, numberValue(row[1]));
      },
      options,
    );
    if (read.inFile > read.seen) {
      this.tracks.leaveOut('in a damaged or missing part of the file', read.inFile - read.seen);
    }
    return read;
  }

  /** Whether the file has counters of kernels. @throws SqlError */
  hasCounters(): boolean {
    return (
      this.engine.columnsOf('rocpd_counter').includes('op_id') &&
      this.engine.query('SELECT 1 FROM rocpd_counter LIMIT 1').rows.length > 0
    );
  }

  /**
   * Reads `rocpd_counter`: values of kernels, which stand at their start.
   * @param work by id of `rocpd_op`
   * @throws SqlError
   */
  readCounters(strings: ReadonlyMap<number, string>, work: ReadonlyMap<number, CountedWork>): void {
    const columns = this.engine.columnsOf('rocpd_counter');
    const of = (name: string): string => (columns.includes(name) ? numberOf(name) : 'NULL');
    this.engine.eachNumeric(
      `SELECT op_id, ${of('name_id')}, ${of('value')} FROM rocpd_counter ORDER BY id`,
      (row) => {
        const op = work.get(row[0]);
        if (op === undefined) {
          this.tracks.leaveOut(NO_TIME);
          return;
        }
        const track = this.track({
          name: strings.get(row[1]) ?? `counter ${row[1]}`,
          unit: '',
          rank: op.rank,
          device: op.device,
          source: 'rocpd_counter',
        });
        this.tracks.push(track, op.start, row[2]);
      },
    );
  }

  /**
   * @param shift ns that the trace's start lies after `base`
   * @param rankAt where a rank comes among the ranks built
   */
  build(shift: number, rankAt: (rank: number) => number): CounterTrack[] {
    return this.tracks.build(shift, (track) => {
      const identity = this.identities[track];
      const { source, rank } = identity;
      return { ...identity, rank: source === 'rocpd_monitor' ? 0 : rankAt(rank) };
    });
  }

  private track(identity: TrackIdentity): number {
    const key = Object.values(identity).join('\0');
    let track = this.ids.get(key);
    if (track === undefined) {
      track = this.tracks.add();
      this.ids.set(key, track);
      this.identities[track] = identity;
    }
    return track;
  }
}
