import type { SqlEngine } from '../../sqlite/engine.js';
import { quoteName } from '../../sqlite/sqlText.js';
import type { CounterTrack } from '../../trace/index.js';
import { CounterTracks, NO_TIME, type TrackIdentity } from '../counterTracks.js';
import { MOST_NS } from '../exactTime.js';
import { numberOf } from '../numberOf.js';
import { numberValue, textValue, type Tolerant } from '../sqlValues.js';
import type { Place } from './recording.js';
import type { RocpdLanes } from './rocpdLanes.js';
import type { Recording } from './recording.js';

/** Parts of a GPU that a value may be of, since schema 3.0.3 and 3.0.5. */
const PARTS = [
  ['xcc', 'XCC'],
  ['shader_engine', 'shader engine'],
  ['shader_array', 'shader array'],
  ['wgp', 'WGP'],
  ['instance', 'instance'],
] as const;

/** What an event or sample says of the values that belong to it. */
interface Moment {
  readonly time: number;
  readonly place: Place;
  /** a `rocpd_sample`: a time series */
  readonly sampled: boolean;
}

/** A counter, by its id in `rocpd_info_pmc`. */
interface Counter {
  readonly name: string;
  readonly unit: string;
  readonly agent: number;
  readonly process: number;
}

/** Values of one counter for one kernel, by part of the GPU. */
interface Sum {
  readonly track: number;
  readonly time: number;
  /** NaN where one of them has no number: the others alone are not the counter's value */
  value: number;
}

/**
 * The counters of `rocpd_pmc_event`. A value belongs to an event. That of a kernel or copy is told at its
 * start; one that has a `rocpd_sample` at the time of that. Of a kernel a counter has a row for each part
 * of the GPU that counted; they are added up, as rocprofv3's own view `counters_collection` does. Those
 * of a time series are not: each part has a track. A sample is what is told at a time: the sum.
 */
export class RocpdCounters {
  readonly tracks = new CounterTracks();
  private readonly identities: TrackIdentity[] = [];
  private readonly ids = new Map<string, number>();
  /** by recording, by event: kernels and copies, and samples */
  private readonly events = new Map<Recording, Map<number, Moment>>();
  /** by recording, by id of the sample */
  private readonly samples = new Map<Recording, Map<number, { moment: Moment; event: number }>>();
  /** recordings that have values; rocprofv3 leaves the table empty without `--pmc` */
  private readonly valued = new Set<Recording>();

  constructor(
    private readonly engine: SqlEngine,
    private readonly lanes: RocpdLanes,
    recordings: readonly Recording[],
    tolerant: Tolerant,
  ) {
    for (const recording of recordings) {
      const { tables } = recording;
      if (tables.has('rocpd_pmc_event', 'event_id') && tables.has('rocpd_pmc_event', 'pmc_id')) {
        const table = quoteName(tables.table('rocpd_pmc_event'));
        tolerant('Counters', () => {
          if (engine.query(`SELECT 1 FROM ${table} ${recording.rows} LIMIT 1`).rows.length > 0) {
            this.valued.add(recording);
          }
        });
      }
    }
  }

  /** Notes a kernel or copy, whose values may follow. */
  work(recording: Recording, event: number, time: number, place: Place): void {
    if (this.valued.has(recording) && !Number.isNaN(event)) {
      this.eventsOf(recording).set(event, { time, place, sampled: false });
    }
  }

  /** Notes a sample that is no mark: its values may follow. */
  sample(recording: Recording, id: number, event: number, time: number, place: Place): void {
    const samples =
      this.samples.get(recording) ?? new Map<number, { moment: Moment; event: number }>();
    this.samples.set(recording, samples);
    const far = Math.abs(time) >= MOST_NS;
    const moment = { time: far ? NaN : time, place, sampled: true };
    samples.set(id, { moment, event });
    if (!Number.isNaN(event)) {
      this.eventsOf(recording).set(event, moment);
    }
  }

  /** Reads the values of a recording, once its kernels, copies and samples are noted. @throws SqlError */
  read(recording: Recording): void {
    const used = new Set<Moment>();
    if (this.valued.has(recording)) {
      this.readValues(recording, used);
    }
    for (const { moment } of this.samples.get(recording)?.values() ?? []) {
      if (!used.has(moment)) {
        this.tracks.leaveOut('of a track without values (rocpd_sample)');
      }
    }
  }

  /**
   * @param shift ns that the trace's start lies after the zero of the times given
   * @param rankAt where a rank comes among the ranks built
   */
  build(shift: number, rankAt: (rank: number) => number): CounterTrack[] {
    return this.tracks.build(shift, (track) => {
      const identity = this.identities[track];
      return { ...identity, rank: rankAt(identity.rank) };
    });
  }

  private readValues(recording: Recording, used: Set<Moment>): void {
    const { engine } = this;
    const { tables } = recording;
    const counters = this.counters(recording);
    const has = (name: string): boolean => tables.has('rocpd_pmc_event', name);
    const parts = PARTS.filter(([column]) => has(column));
    const events = this.eventsOf(recording);
    const samples = this.samples.get(recording);
    // Rows of one event follow one another, and what is added up is at hand.
    const sums = new Map<number, Sum>();
    let ofEvent = NaN;
    const flush = (): void => {
      for (const { track, time, value } of sums.values()) {
        this.tracks.push(track, time, value);
      }
      sums.clear();
    };
    engine.eachNumeric(
      `SELECT event_id, pmc_id, ${has('value') ? numberOf('value') : 'NULL'},
              ${has('sample_id') ? 'sample_id' : 'NULL'}${parts.map(([column]) => `, ${column}`).join('')}
       FROM ${quoteName(tables.table('rocpd_pmc_event'))} ${recording.rows} ORDER BY event_id`,
      (row) => {
        const [event, pmc, value, sample] = [row[0], row[1], row[2], row[3]];
        if (event !== ofEvent) {
          flush();
          ofEvent = event;
        }
        const moment = samples?.get(sample)?.moment ?? events.get(event);
        if (moment === undefined) {
          this.tracks.leaveOut(NO_TIME);
          return;
        }
        used.add(moment);
        const part = moment.sampled
          ? parts.flatMap(([, name], i) =>
              Number.isNaN(row[4 + i]) ? [] : `${name} ${row[4 + i]}`,
            )
          : [];
        const track = this.track(recording, counters.get(pmc), pmc, moment, part.join(', '));
        const sum = sums.get(track);
        if (moment.sampled) {
          this.tracks.push(track, moment.time, value);
        } else if (sum === undefined) {
          sums.set(track, { track, time: moment.time, value });
        } else {
          sum.value += value;
        }
      },
    );
    flush();
  }

  private track(
    recording: Recording,
    counter: Counter | undefined,
    pmc: number,
    { place, sampled }: Moment,
    part: string,
  ): number {
    const agent = Number.isNaN(place.agent) ? (counter?.agent ?? NaN) : place.agent;
    const stated = Number.isNaN(place.process) ? (counter?.process ?? NaN) : place.process;
    const [first] = recording.processes.keys();
    const process = Number.isNaN(stated) ? (first ?? NaN) : stated;
    const own = counter?.name ?? `counter ${pmc}`;
    const name = part === '' ? own : `${own} (${part})`;
    const key = [recording.number, process, agent, sampled, name].join('\0');
    let track = this.ids.get(key);
    if (track === undefined) {
      track = this.tracks.add();
      this.ids.set(key, track);
      if (track >= 0) {
        this.identities[track] = {
          name,
          unit: counter?.unit ?? '',
          rank: this.lanes.rank(recording, process),
          device: recording.agents.get(agent)?.device ?? -1,
          source: sampled ? 'rocpd_sample' : 'rocpd_pmc_event',
        };
      }
    }
    return track;
  }

  private counters(recording: Recording): ReadonlyMap<number, Counter> {
    const { tables } = recording;
    const counters = new Map<number, Counter>();
    const table = tables.table('rocpd_info_pmc');
    if (table === '') {
      return counters;
    }
    const optional = (name: string): string =>
      tables.has('rocpd_info_pmc', name) ? quoteName(name) : 'NULL';
    this.engine.each(
      `SELECT id, ${['name', 'symbol', 'units', 'agent_id', 'pid'].map(optional).join(', ')}
       FROM ${quoteName(table)} ${recording.rows}`,
      ([id, name, symbol, unit, agent, process]) =>
        counters.set(numberValue(id), {
          name: textValue(name) || textValue(symbol) || `counter ${textValue(id)}`,
          unit: textValue(unit),
          agent: numberValue(agent),
          process: numberValue(process),
        }),
    );
    return counters;
  }

  private eventsOf(recording: Recording): Map<number, Moment> {
    const events = this.events.get(recording) ?? new Map<number, Moment>();
    this.events.set(recording, events);
    return events;
  }
}
