import type { SqlEngine } from '../../sqlite/engine.js';

/** One of Ingero's event sources, by what its rows are. */
export interface EventSource {
  /** as the file names it: "CUDA", "HOST" */
  readonly name: string;
  /** true for probes on an API library: rows are calls on host threads */
  readonly isApi: boolean;
  /**
   * What `timestamp` is. Probes on API libraries stamp the entry: read so, no two calls of a thread
   * overlap in any of the files seen (1,714 pairs of CUDA calls in pytorch-173382-empty-cache.db; read
   * as ends, 231 would). Kernel tracepoints know the duration only at the end and stamp that: read as
   * starts, 2,209 context switches of vllm-37343-logprobs-amplification.db would overlap; as ends, none.
   */
  readonly stamps: 'start' | 'end';
}

/** Sources of the recorder's own list (pkg/events of ingero-io/ingero), for files that lack a row. */
const KNOWN_SOURCES = new Map([
  [1, 'CUDA'],
  [2, 'NVIDIA'],
  [3, 'HOST'],
  [4, 'DRIVER'],
  [5, 'IO'],
  [6, 'TCP'],
  [7, 'NET'],
  [8, 'CUDA_GRAPH'],
]);
const API_SOURCES = new Set(['CUDA', 'DRIVER', 'CUDA_GRAPH']);

/** The graph probes came after the table `ops` was last extended. */
const KNOWN_OPS = new Map([
  ['8 1', 'graphBeginCapture'],
  ['8 2', 'graphEndCapture'],
  ['8 3', 'graphInstantiate'],
  ['8 4', 'graphLaunch'],
]);

/** Names of sources and operations. An operation's number means something else in each source. */
export class SourceNames {
  private readonly sources = new Map<number, EventSource>();
  private readonly ops = new Map<string, string>();

  /** @throws SqlError */
  constructor(engine: SqlEngine) {
    for (const [id, name] of KNOWN_SOURCES) {
      this.sources.set(id, eventSource(name));
    }
    for (const [id, name] of engine.query('SELECT id, name FROM sources').rows) {
      this.sources.set(Number(id), eventSource(String(name)));
    }
    for (const [key, name] of KNOWN_OPS) {
      this.ops.set(key, name);
    }
    for (const [source, op, name] of engine.query('SELECT source_id, op_id, name FROM ops').rows) {
      this.ops.set(`${Number(source)} ${Number(op)}`, String(name));
    }
  }

  /** Sources by number, those of the file and those that this version knows. */
  all(): ReadonlyMap<number, EventSource> {
    return this.sources;
  }

  /** undefined for a number neither the file nor this version knows. */
  source(id: number): EventSource | undefined {
    return this.sources.get(id);
  }

  /** "cudaLaunchKernel"; "HOST operation 42" where nothing names it. */
  op(source: number, op: number): string {
    return (
      this.ops.get(`${source} ${op}`) ??
      `${this.sources.get(source)?.name ?? `source ${source}`} operation ${op}`
    );
  }
}

function eventSource(name: string): EventSource {
  const isApi = API_SOURCES.has(name.toUpperCase());
  return { name, isApi, stamps: isApi ? 'start' : 'end' };
}
