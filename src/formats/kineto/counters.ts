import type { CounterTrack } from '../../trace/index.js';
import { CounterTracks, NO_NUMBER } from '../counterTracks.js';
import { ByteInterner } from './byteInterner.js';
import type { EventFields } from './eventStream.js';
import { decodeString, eachMember, type Extent } from './jsonBytes.js';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Instants of PyTorch's memory profiler: an allocation or a release, and what is in use after it. */
const MEMORY = ascii('[memory]');
const ALLOCATED = 'Total Allocated';
const RESERVED = 'Total Reserved';
const CHANGE = 'Bytes';
const MEMORY_NAMES: Readonly<Record<string, string>> = {
  [ALLOCATED]: 'Memory allocated',
  [RESERVED]: 'Memory reserved',
  // Traces of 2021 state the change alone.
  [CHANGE]: 'Memory allocated since the start',
};
/** c10's DeviceType of the host. */
const HOST_DEVICE = '0';

/** JSON's numbers; a longer one is none that a counter has. */
const NUMBER = /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/;

interface Series {
  readonly source: 'C' | '[memory]';
  readonly process: string;
  /** of an event: its name; of memory: the argument */
  readonly name: string;
  /** an event's id, '' for none: it tells counters of one name apart */
  readonly id: string;
  /** the argument that the values are of */
  readonly argument: string;
  /** as the event has it, '' where it has none */
  readonly device: string;
}

/** The counters of a trace: events of phase C, and the memory profiler's instants. */
export class KinetoCounters {
  readonly tracks = new CounterTracks();
  private readonly series: Series[] = [];
  private readonly ids = new Map<string, number>();
  private readonly texts: string[] = [];
  private readonly textIds = new ByteInterner(
    (b, start, end) => this.texts.push(decodeString(b, start, end)) - 1,
  );
  private readonly members = new Map<string, Extent>();

  /**
   * An event of phase C: each of its arguments is a sample.
   * @param time ns from the clock's base, NaN where it has none
   */
  counter(fields: EventFields, time: number): void {
    const { bytes, args, name } = fields;
    let samples = 0;
    eachMember(bytes, args.start, args.end, (key, value) => {
      samples++;
      const track = this.track('C', fields, name, this.text(bytes, key), '');
      this.tracks.push(track, time, numberOf(bytes, value));
    });
    if (samples === 0) {
      this.tracks.leaveOut(NO_NUMBER);
    }
  }

  /** Whether an instant is one of the memory profiler. */
  isMemory({ bytes, name }: EventFields): boolean {
    return (
      name.end - name.start === MEMORY.length &&
      MEMORY.every((byte, i) => bytes[name.start + i] === byte)
    );
  }

  /**
   * An instant of the memory profiler: what is allocated and what is reserved on its device after it,
   * or the change alone.
   * @param time ns from the clock's base, NaN where it has none
   */
  memory(fields: EventFields, time: number): void {
    const { bytes, args } = fields;
    const { members } = this;
    members.clear();
    eachMember(bytes, args.start, args.end, (key, value) => {
      members.set(this.text(bytes, key), value);
    });
    const text = (name: string): string => {
      const span = members.get(name);
      return span === undefined ? '' : this.text(bytes, span);
    };
    const device = text('Device Type') === HOST_DEVICE ? '' : text('Device Id');
    const totals = [ALLOCATED, RESERVED].filter((name) => members.has(name));
    const stated = totals.length > 0 ? totals : [CHANGE];
    for (const name of stated) {
      const span = members.get(name);
      const value = span === undefined ? NaN : numberOf(bytes, span);
      const track = this.track('[memory]', fields, undefined, name, device);
      // Beyond this, sums of bytes are no longer exact.
      this.tracks.push(track, time, Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : NaN);
    }
  }

  /**
   * @param shift ns that the trace's start lies after the clock's base
   * @param deviceOf number of the GPU whose rows a process is of, -1 for none
   */
  build(shift: number, deviceOf: (process: string) => number): CounterTrack[] {
    const device = ({ source, process, device: id }: Series): number =>
      source === 'C' ? deviceOf(process) : /^\d{1,9}$/.test(id) ? Number(id) : -1;
    const event = (s: Series): string => [s.process, s.name, s.id].join('\0');
    const siblings = countBy(this.series, event);
    const name = (s: Series): string => {
      if (s.source === '[memory]') {
        return MEMORY_NAMES[s.name];
      }
      const own = s.id === '' ? s.name : `${s.name} [${s.id}]`;
      const says = siblings.get(event(s)) !== 1 || !['', 'value', s.name].includes(s.argument);
      return says ? `${own}: ${s.argument}` : own;
    };
    const place = (s: Series): string => `${device(s)} ${name(s)}`;
    const uses = countBy(this.series, place);
    return this.tracks.build(
      shift,
      (track) => {
        const s = this.series[track];
        const alone = uses.get(place(s)) === 1;
        return {
          name: alone ? name(s) : `${name(s)} (process ${s.process})`,
          unit: s.source === '[memory]' ? 'bytes' : '',
          rank: 0,
          device: device(s),
          source: s.source,
        };
      },
      (track) => this.series[track].name === CHANGE && this.series[track].source === '[memory]',
    );
  }

  private text(bytes: Uint8Array, { start, end }: Extent): string {
    return this.texts[this.textIds.intern(bytes, start, end)];
  }

  private track(
    source: Series['source'],
    fields: EventFields,
    named: Extent | undefined,
    argument: string,
    device: string,
  ): number {
    const { bytes } = fields;
    const text = (span: Extent): string => (span.start < 0 ? '' : this.text(bytes, span));
    const name = named === undefined ? argument : text(named);
    const [process, id] = [text(fields.pid), text(fields.id)];
    const key = [source, process, name, id, argument, device].join('\0');
    let track = this.ids.get(key);
    if (track === undefined) {
      track = this.tracks.add();
      if (track >= 0) {
        this.series.push({ source, process, name, id, argument, device });
        this.ids.set(key, track);
      }
    }
    return track;
  }
}

function countBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  }
  return counts;
}

/** A number, also as a text; NaN for anything else: other texts, objects, and the bare NaN and Infinity of old files. */
function numberOf(bytes: Uint8Array, { start, end }: Extent): number {
  if (end - start > 90 || end <= start) {
    return NaN;
  }
  const text = String.fromCharCode(...bytes.subarray(start, end));
  return NUMBER.test(text) ? Number(text) : NaN;
}
