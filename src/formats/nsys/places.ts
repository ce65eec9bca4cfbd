import type { SqlEngine } from '../../sqlite/engine.js';
import type { Lane, Rank } from '../../trace/index.js';
import { fileName } from '../ranks/fileNames.js';
import { number } from './rows.js';
import { processId, processKey, threadId, type NsysSchema } from './schema.js';
import { textOf, type NsysStrings } from './strings.js';

interface Place {
  readonly kind: 'stream' | 'thread';
  /** as `processKey` makes it; NaN where the row has none */
  readonly process: number;
  readonly device: number;
  readonly context: number;
  readonly id: number;
}

/** What a process says of itself when it joins a communicator of NCCL. */
export interface CommunicatorRank {
  readonly rank: number;
  readonly worldSize: number;
  /** the communicator's id */
  readonly communicator: string;
}

/** The processes, threads and streams of an export, and what they are called. */
export class NsysPlaces {
  private readonly places: Place[] = [];
  private readonly ids = new Map<string, number>();
  private readonly processNames = new Map<number, string>();
  private readonly threadNames = new Map<string, string>();
  /** by process id and CUDA ordinal: number of the GPU in the machine */
  private readonly gpuOf = new Map<string, number>();
  private readonly gpuNames = new Map<number, string>();

  /** @throws SqlError */
  constructor(engine: SqlEngine, schema: NsysSchema, strings: NsysStrings) {
    if (schema.has('PROCESSES', 'globalPid', 'name')) {
      engine.each(
        `SELECT ${processKey('globalPid')}, CAST(name AS BLOB) FROM PROCESSES WHERE globalPid IS NOT NULL`,
        ([key, name]) => {
          // Folders of a program may name the user.
          this.processNames.set(number(key), fileName(textOf(name)));
        },
      );
    }
    if (schema.has('ThreadNames', 'nameId', 'globalTid')) {
      const priority = schema.column('ThreadNames', 'priority');
      engine.each(
        `SELECT ${processKey('globalTid')}, ${threadId('globalTid')}, nameId FROM ThreadNames
         WHERE globalTid IS NOT NULL ORDER BY ${priority}`,
        ([key, thread, name]) =>
          this.nameThread(number(key), number(thread), strings.get(number(name))),
      );
    }
    if (schema.has('TARGET_INFO_CUDA_DEVICE', 'gpuId', 'cudaId', 'pid')) {
      engine.each(
        'SELECT pid, cudaId, gpuId FROM TARGET_INFO_CUDA_DEVICE WHERE gpuId IS NOT NULL',
        ([pid, ordinal, gpu]) => {
          this.gpuOf.set(`${number(pid)} ${number(ordinal)}`, number(gpu));
        },
      );
    }
    const gpuTable = ['TARGET_INFO_GPU', 'TARGET_INFO_CUDA_GPU'].find((t) => schema.has(t, 'name'));
    if (gpuTable !== undefined) {
      const id = schema.column(gpuTable, ['id', 'deviceId']);
      engine.each(`SELECT ${id}, CAST(name AS BLOB) FROM ${gpuTable}`, ([gpu, name]) => {
        this.gpuNames.set(number(gpu), textOf(name));
      });
    }
  }

  /** An NVTX thread name, or one of `ThreadNames`. */
  nameThread(process: number, thread: number, name: string): void {
    if (name.trim() !== '') {
      this.threadNames.set(`${process} ${thread}`, name);
    }
  }

  /** The lane of a host thread. */
  thread(process: number, thread: number): number {
    return this.place({ kind: 'thread', process, device: -1, context: -1, id: thread });
  }

  /**
   * The lane of a stream. Several processes may each call their GPU 0, and streams are numbered in each
   * context anew.
   * @param ordinal CUDA's number of the GPU in the process
   */
  stream(process: number, ordinal: number, context: number, stream: number): number {
    const device = this.gpu(process, ordinal);
    return this.place({ kind: 'stream', process, device, context, id: stream });
  }

  /** Number in the machine of the GPU that a process calls `ordinal`; that where the file does not say. */
  gpu(process: number, ordinal: number): number {
    return this.gpuOf.get(`${processId(process)} ${ordinal}`) ?? ordinal;
  }

  /** Processes of a lane. */
  processOf(lane: number): number {
    return this.places[lane].process;
  }

  /** Devices that several processes ran work on, where the file tells which GPU a process means. */
  sharedDevices(): number[] {
    const users = new Map<number, Set<number>>();
    for (const { kind, process, device } of this.places) {
      if (kind === 'stream') {
        users.set(device, (users.get(device) ?? new Set()).add(process));
      }
    }
    return this.gpuOf.size === 0
      ? []
      : [...users].filter(([, processes]) => processes.size > 1).map(([device]) => device);
  }

  /**
   * Processes that ran GPU work are the ranks of the trace where there are several; threads of all
   * others are kept together, and with them what names no process. A file of one such process has one
   * rank.
   *
   * @param file name and path of the export
   * @param stated rank the launcher told the recorded program: of a file of one process its rank
   * @param joined ranks that processes have in communicators: theirs where they are ranks of one
   */
  build(
    file: { readonly name: string; readonly path: string },
    stated: { readonly rank: number; readonly worldSize: number },
    joined: ReadonlyMap<number, CommunicatorRank>,
  ): { ranks: Rank[]; lanes: Lane[] } {
    const onGpu = [
      ...new Set(this.places.filter((p) => p.kind === 'stream').map((p) => p.process)),
    ].filter((process) => !Number.isNaN(process));
    const rankOf = ranksOfOneCommunicator(onGpu, joined);
    const processes =
      onGpu.length > 1 ? onGpu.sort((a, b) => (rankOf(a)?.rank ?? a) - (rankOf(b)?.rank ?? b)) : [];
    const others = this.places.some((p) => processes.length > 0 && !processes.includes(p.process));
    const rank = (label: string, process?: number): Rank => ({
      rank: -1,
      worldSize: 1,
      label,
      path: file.path,
      device: this.devicesOf(process),
    });
    const { rank: alone, worldSize } =
      stated.rank < 0 && onGpu.length === 1 ? (rankOf(onGpu[0]) ?? stated) : stated;
    const ranks =
      processes.length === 0
        ? [alone < 0 ? rank(file.name) : { ...rank(`rank ${alone}`), rank: alone, worldSize }]
        : [
            ...processes.map((process) => {
              const name = `${this.processName(process)} (${processId(process)})`;
              const own = rankOf(process);
              return own === undefined
                ? rank(name, process)
                : {
                    ...rank(`rank ${own.rank}`, process),
                    rank: own.rank,
                    worldSize: own.worldSize,
                  };
            }),
            ...(others ? [rank('other processes', NaN)] : []),
          ];
    const devices = new Set(this.places.filter((p) => p.kind === 'stream').map((p) => p.device));
    const contexts = this.contextsOfStreams();
    const lanes = this.places.map((place): Lane => {
      const at = processes.indexOf(place.process);
      const { kind, process, device, id } = place;
      return {
        kind,
        rank: processes.length === 0 ? 0 : at >= 0 ? at : processes.length,
        device,
        id: Number.isNaN(id) ? '' : String(id),
        process: Number.isNaN(process) ? '' : String(processId(process)),
        label:
          kind === 'stream'
            ? (devices.size > 1 ? `GPU ${device} stream ${id}` : `stream ${id}`) +
              ((contexts.get(streamKey(place)) ?? 0) > 1 ? ` (context ${place.context})` : '')
            : this.threadLabel(process, id),
      };
    });
    return { ranks, lanes };
  }

  private place(place: Place): number {
    const key = `${place.kind} ${place.process} ${place.device} ${place.context} ${place.id}`;
    let lane = this.ids.get(key);
    if (lane === undefined) {
      lane = this.places.push(place) - 1;
      this.ids.set(key, lane);
    }
    return lane;
  }

  private contextsOfStreams(): Map<string, number> {
    const contexts = new Map<string, number>();
    for (const place of this.places) {
      if (place.kind === 'stream') {
        contexts.set(streamKey(place), (contexts.get(streamKey(place)) ?? 0) + 1);
      }
    }
    return contexts;
  }

  private devicesOf(process: number | undefined): string {
    const used = this.places.filter(
      (p) => p.kind === 'stream' && (process === undefined || p.process === process),
    );
    const names = used.map((p) => this.gpuNames.get(p.device) ?? '').filter((name) => name !== '');
    return [...new Set(names)].join(', ');
  }

  private processName(process: number): string {
    return this.processNames.get(process) || 'process';
  }

  private threadLabel(process: number, thread: number): string {
    const name =
      this.threadNames.get(`${process} ${thread}`) || this.processNames.get(process) || 'thread';
    return Number.isNaN(thread) ? name : `${name} (${thread})`;
  }
}

function streamKey({ process, device, id }: Place): string {
  return `${process} ${device} ${id}`;
}

/** The ranks of processes in the communicator that all of them are ranks of; none where there is no such. */
function ranksOfOneCommunicator(
  processes: readonly number[],
  joined: ReadonlyMap<number, CommunicatorRank>,
): (process: number) => CommunicatorRank | undefined {
  const found = processes.map((process) => joined.get(process));
  const communicators = new Set(found.map((own) => own?.communicator));
  const ranks = new Set(found.map((own) => own?.rank));
  return communicators.size === 1 && !found.includes(undefined) && ranks.size === processes.length
    ? (process) => joined.get(process)
    : () => undefined;
}
