import { rankOfFileName } from '../ranks/rankOfName.js';
import type { LaneBuilder } from '../laneBuilder.js';
import type { TraceSource } from '../reader.js';
import type { Place, Recording } from './recording.js';

/** Ranks and lanes of the recordings in a file. */
export class RocpdLanes {
  private readonly labels = new Set<string>();
  private readonly products = new Map<string, number>();
  private readonly usedDevices = new Set<string>();

  /** @param processes number of them in the file */
  constructor(
    private readonly lanes: LaneBuilder,
    private readonly source: TraceSource,
    private readonly processes: number,
  ) {}

  /** Each process is a rank. The file knows no rank numbers; its name may state that of a single one. */
  rank(recording: Recording, process: number): number {
    const single = this.processes <= 1;
    const key = single ? '' : `${recording.number}\0${process}`;
    return this.lanes.rank(key, () => {
      const rank = single ? rankOfFileName(this.source.name) : -1;
      const pid = recording.process(process);
      let label = single ? this.source.name : `process ${pid}`;
      for (let i = 2; this.labels.has(label); i++) {
        label = `process ${pid} (${i})`;
      }
      this.labels.add(label);
      const gpu = [...recording.agents.values()].find((agent) => agent.gpu);
      return {
        rank,
        worldSize: -1,
        label: rank >= 0 ? `rank ${rank}` : label,
        path: this.source.path,
        device: gpu?.product ?? '',
      };
    });
  }

  thread(recording: Recording, at: Place): number {
    const thread = recording.threads.get(at.thread);
    const id = thread?.id ?? (Number.isNaN(at.thread) ? '' : String(at.thread));
    return this.lanes.lane(`t\0${recording.number}\0${at.process}\0${at.thread}`, () => ({
      kind: 'thread',
      rank: this.rank(recording, at.process),
      device: -1,
      id,
      process: recording.process(at.process),
      label: id === '' ? 'host' : `${thread?.name || 'thread'} (${id})`,
    }));
  }

  /** The stream of a GPU, or its queue where streams were not recorded. */
  stream(recording: Recording, at: Place, agentId: number): number {
    const queue = recording.byQueue || Number.isNaN(at.stream);
    const id = queue ? at.queue : at.stream;
    const what = queue ? 'queue' : 'stream';
    const key = `${what}\0${recording.number}\0${at.process}\0${agentId}\0${id}`;
    return this.lanes.lane(key, () => {
      const agent = recording.agents.get(agentId);
      const name = (queue ? recording.queues : recording.streams).get(id) ?? '';
      if (agent?.gpu === true) {
        this.useDevice(agent.device, agent.product);
      }
      return {
        kind: 'stream',
        rank: this.rank(recording, at.process),
        device: agent?.gpu === true ? agent.device : 0,
        id: Number.isNaN(id) ? '' : String(id),
        process: recording.process(at.process),
        label: Number.isNaN(id) ? 'copies' : name === '' ? `${what} ${id}` : name,
      };
    });
  }

  /** GPUs that did work: "2 x AMD Instinct MI300X". */
  gpus(): string {
    return [...this.products]
      .map(([product, count]) => (count === 1 ? product : `${count} x ${product}`))
      .join('; ');
  }

  private useDevice(device: number, product: string): void {
    const key = `${device}\0${product}`;
    if (product !== '' && !this.usedDevices.has(key)) {
      this.usedDevices.add(key);
      this.products.set(product, (this.products.get(product) ?? 0) + 1);
    }
  }
}
