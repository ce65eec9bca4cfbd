import type { Lane } from '../../trace/index.js';
import { ByteInterner } from './byteInterner.js';
import type { EventFields, Span } from './eventStream.js';
import { decodeString, wholeEnd } from './jsonBytes.js';

/** Ids of processes, threads, devices and streams differ in few values over all rows. */
const MAX_IDS = 2 ** 26;

const STREAM = new TextEncoder().encode('stream ');

interface StreamLane {
  readonly kind: 'stream';
  readonly device: string;
  readonly stream: string;
}
interface ThreadLane {
  readonly kind: 'thread';
  readonly process: string;
  readonly thread: string;
}

/** Gives a lane to each (process, thread) and each (device, stream) and names them. */
export class Lanes {
  private readonly texts: string[] = [];
  private readonly ids = new ByteInterner((bytes, start, end) => {
    this.texts.push(decodeString(bytes, start, end));
    return this.texts.length - 1;
  });
  private readonly threads = new Map<number, number>();
  private readonly streams = new Map<number, number>();
  private readonly lanes: (StreamLane | ThreadLane)[] = [];
  private readonly processNames = new Map<string, string>();
  private readonly threadNames = new Map<string, string>();

  /** The lane of a row on the host; tid may be a string (2021). */
  thread(fields: EventFields): number {
    const process = this.id(fields, fields.pid);
    const thread = this.id(fields, fields.tid);
    const key = process * MAX_IDS + thread;
    const known = this.threads.get(key);
    if (known !== undefined) {
      return known;
    }
    return this.add(this.threads, key, {
      kind: 'thread',
      process: this.texts[process],
      thread: this.texts[thread],
    });
  }

  /** The lane of a row on a GPU: by its arguments, else by pid and tid, which mean the same there. */
  stream(fields: EventFields): number {
    const device = this.id(fields, fields.device.start >= 0 ? fields.device : fields.pid);
    const stream = this.streamId(fields);
    const key = device * MAX_IDS + stream;
    const known = this.streams.get(key);
    if (known !== undefined) {
      return known;
    }
    return this.add(this.streams, key, {
      kind: 'stream',
      device: this.texts[device],
      stream: this.texts[stream],
    });
  }

  nameProcess(process: string, name: string): void {
    this.processNames.set(process, name);
  }

  nameThread(process: string, thread: string, name: string): void {
    this.threadNames.set(`${process}/${thread}`, name);
  }

  /** The first device a GPU row names, undefined without GPU rows. */
  get firstDevice(): number | undefined {
    const lane = this.lanes.find((l) => l.kind === 'stream');
    return lane === undefined ? undefined : deviceNumber(lane.device);
  }

  /** Number of the GPU whose rows have this process id: Kineto gives them the device's. -1 for none. */
  deviceOf(process: string): number {
    const isHost = this.lanes.some((l) => l.kind === 'thread' && l.process === process);
    const isDevice = this.lanes.some((l) => l.kind === 'stream' && l.device === process);
    return isDevice && !isHost ? deviceNumber(process) : -1;
  }

  build(rank: number): Lane[] {
    const devices = new Set(this.lanes.flatMap((l) => (l.kind === 'stream' ? [l.device] : [])));
    return this.lanes.map((lane): Lane => {
      if (lane.kind === 'stream') {
        return {
          kind: 'stream',
          rank,
          device: deviceNumber(lane.device),
          id: lane.stream,
          process: '',
          label:
            devices.size > 1 ? `GPU ${lane.device} stream ${lane.stream}` : `stream ${lane.stream}`,
        };
      }
      return {
        kind: 'thread',
        rank,
        device: -1,
        id: lane.thread,
        process: lane.process,
        label: this.threadLabel(lane),
      };
    });
  }

  private threadLabel(lane: ThreadLane): string {
    // Kineto gives overhead the process -1.
    if (lane.process === '-1') {
      return 'profiler';
    }
    const named = this.threadNames.get(`${lane.process}/${lane.thread}`)?.trim() ?? '';
    // "thread 868 (python3)"
    const generic = /^thread \S+ \((.*)\)$/s.exec(named);
    const name = generic !== null ? generic[1] : named;
    const shown = name !== '' ? name : (this.processNames.get(lane.process) ?? 'thread');
    return `${shown} (${lane.thread})`;
  }

  /** The stream's number; where only the tid has it, it may be the text "stream 7" (2021). */
  private streamId(fields: EventFields): number {
    const span = fields.stream.start >= 0 ? fields.stream : fields.tid;
    if (span.end - span.start > STREAM.length && startsWith(fields.bytes, span.start, STREAM)) {
      return this.ids.intern(fields.bytes, span.start + STREAM.length, span.end);
    }
    return this.id(fields, span);
  }

  private id(fields: EventFields, span: Span): number {
    return span.start < 0
      ? this.ids.intern(fields.bytes, 0, 0)
      : this.ids.intern(fields.bytes, span.start, wholeEnd(fields.bytes, span.start, span.end));
  }

  private add(index: Map<number, number>, key: number, lane: StreamLane | ThreadLane): number {
    this.lanes.push(lane);
    index.set(key, this.lanes.length - 1);
    return this.lanes.length - 1;
  }
}

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[at + i] !== prefix[i]) {
      return false;
    }
  }
  return true;
}

function deviceNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}
