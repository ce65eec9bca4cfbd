import type { SqlEngine } from '../../sqlite/engine.js';
import { rankOfFileName } from '../ranks/rankOfName.js';
import type { LaneBuilder } from '../laneBuilder.js';
import type { TraceSource } from '../reader.js';
import { numberValue, textValue } from '../sqlValues.js';

/** Ranks and lanes of a trace. */
export class RpdLanes {
  /** rank of each process that has GPUs of its own: their order by GPU number */
  private readonly rankOf: ReadonlyMap<string, number>;

  /** @param owners as `ownersOfGpus` finds them */
  constructor(
    private readonly lanes: LaneBuilder,
    private readonly source: TraceSource,
    private readonly owners: ReadonlyMap<number, string>,
  ) {
    this.rankOf = new Map([...new Set(owners.values())].map((process, rank) => [process, rank]));
  }

  /** The file is one rank, numbered by its name if at all, unless several processes each have GPUs of their own. */
  rank(process: string): number {
    const single = this.rankOf.size === 0;
    const number = single ? rankOfFileName(this.source.name) : (this.rankOf.get(process) ?? -1);
    const key = single ? '' : number < 0 ? 'others' : process;
    return this.lanes.rank(key, () => ({
      rank: number,
      worldSize: -1,
      label: number >= 0 ? `rank ${number}` : single ? this.source.name : 'processes without a GPU',
      path: this.source.path,
      device: '',
    }));
  }

  /** Rank of what a GPU does. */
  rankOfGpu(device: number): number {
    return this.rank(this.owners.get(device) ?? '');
  }

  thread(process: string, id: string): number {
    return this.lanes.lane(`t\0${process}\0${id}`, () => ({
      kind: 'thread',
      rank: this.rank(process),
      device: -1,
      id,
      process,
      label: `thread ${id}`,
    }));
  }

  queue(device: number, id: string): number {
    return this.lanes.lane(`q\0${device}\0${id}`, () => ({
      kind: 'stream',
      rank: this.rankOfGpu(device),
      device: gpuNumber(device),
      id,
      process: this.owners.get(device) ?? '',
      label: `queue ${id}`,
    }));
  }
}

/** A GPU without a number counts as the first. */
export function gpuNumber(device: number): number {
  return Number.isSafeInteger(device) && device >= 0 ? device : 0;
}

/** The process of each GPU; empty where one process has all GPUs, or two share one. @throws SqlError */
export function ownersOfGpus(engine: SqlEngine): Map<number, string> {
  const owners = new Map<number, string>();
  if (engine.columnsOf('rocpd_api_ops').length === 0) {
    return owners;
  }
  const { rows } = engine.query(
    `SELECT o.gpuId, a.pid FROM rocpd_api_ops l JOIN rocpd_op o ON o.id = l.op_id
     JOIN rocpd_api a ON a.id = l.api_id GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  for (const [gpu, process] of rows) {
    owners.set(numberValue(gpu), textValue(process));
  }
  return owners.size === rows.length && new Set(owners.values()).size > 1 ? owners : new Map();
}
