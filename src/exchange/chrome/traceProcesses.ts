import { deviceName, rankName } from '../../analysis/laneNames.js';
import type { Lane, Trace } from '../../trace/index.js';
import { jsonText } from '../jsonText.js';

const FIRST_MADE_UP = 1_000_000;
const MOST_ID = 2 ** 31 - 1;

/** Ids of processes, or of the threads of one. */
class Ids {
  private readonly taken = new Set<number>();
  private next = FIRST_MADE_UP;

  /** The id it had, where that is a number and free; else one nobody has. */
  claim(wanted: string): number {
    const number = /^-?\d{1,10}$/.test(wanted) ? Number(wanted) : NaN;
    if (Math.abs(number) <= MOST_ID && !this.taken.has(number)) {
      this.taken.add(number);
      return number;
    }
    while (this.taken.has(this.next)) {
      this.next++;
    }
    this.taken.add(this.next);
    return this.next++;
  }
}

interface Process {
  readonly pid: number;
  readonly name: string;
  readonly threads: Ids;
}

/**
 * Processes and threads as Chrome's format has them: a GPU of a rank is a process and its streams are
 * threads of it, beside the processes of the host. Ids are the trace's where they tell lanes apart.
 */
export class TraceProcesses {
  private readonly ids = new Ids();
  private readonly processes = new Map<string, Process>();
  private readonly tids: readonly number[];
  private readonly ofLane: readonly Process[];

  constructor(private readonly trace: Trace) {
    const hosts = trace.lanes.map((lane) => (lane.kind === 'thread' ? this.host(lane) : undefined));
    this.ofLane = trace.lanes.map(
      (lane, i) => hosts[i] ?? this.device(lane.rank, deviceName(trace, lane), lane.device),
    );
    this.tids = trace.lanes.map((lane, i) => this.ofLane[i].threads.claim(lane.id));
  }

  /** `"pid":1,"tid":2` */
  place(lane: number): string {
    return `"pid":${this.ofLane[lane].pid},"tid":${this.tids[lane]}`;
  }

  /** The process of a GPU, or of a rank's host where the device is -1. */
  pidOf(rank: number, device: number): number {
    return device < 0
      ? this.process(`${rank}/host`, '', `${this.prefix(rank)}host`).pid
      : this.device(rank, `GPU ${device}`, device).pid;
  }

  /** Metadata rows that name processes and threads. To be asked last: processes come as they are met. */
  *names(): Generator<string, void, undefined> {
    let position = 0;
    for (const { pid, name } of this.processes.values()) {
      const process = `"pid":${pid},"tid":0`;
      yield `{"ph":"M","name":"process_name",${process},"args":{"name":${jsonText(name)}}}`;
      yield `{"ph":"M","name":"process_sort_index",${process},"args":{"sort_index":${position++}}}`;
    }
    for (const [lane, { id, kind, label }] of this.trace.lanes.entries()) {
      const suffix = ` (${id})`;
      // As PyTorch names threads, where the label is made of such a name.
      const name =
        kind === 'thread' && label.endsWith(suffix)
          ? `thread ${id} (${label.slice(0, -suffix.length)})`
          : label;
      yield `{"ph":"M","name":"thread_name",${this.place(lane)},"args":{"name":${jsonText(name)}}}`;
    }
  }

  private host({ rank, process }: Lane): Process {
    const name = `${this.prefix(rank)}${process === '' ? 'host' : `process ${process}`}`;
    return this.process(`${rank}/host${process === '' ? '' : ` ${process}`}`, process, name);
  }

  private device(rank: number, name: string, device: number): Process {
    const { device: model } = this.trace.ranks[rank];
    return this.process(
      `${rank}/device ${device}`,
      device < 0 ? '' : String(device),
      `${this.prefix(rank)}${name}${model === '' ? '' : ` (${model})`}`,
    );
  }

  private prefix(rank: number): string {
    return this.trace.ranks.length > 1 ? `${rankName(this.trace.ranks[rank])} ` : '';
  }

  private process(key: string, wanted: string, name: string): Process {
    let process = this.processes.get(key);
    if (process === undefined) {
      process = { pid: this.ids.claim(wanted), name, threads: new Ids() };
      this.processes.set(key, process);
    }
    return process;
  }
}
