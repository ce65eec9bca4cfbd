import { ComposedSession } from './composedSession.js';
import {
  QUERY_ENGINE_METHODS,
  TRACE_ENGINE_METHODS,
  type QueryEngine,
  type TraceEngine,
  type TraceInput,
} from './engines.js';
import { cancelled, connect, type Endpoint } from './rpc.js';
import type { TraceSession } from './session.js';

/** A started worker of either kind of host. */
export interface WorkerHandle {
  readonly endpoint: Endpoint;
  /** Tells once when the worker ended by itself: a crash, or out of memory. */
  onFailure(handler: (reason: Error) => void): void;
  terminate(): void;
}

export interface WorkerHost {
  /** Starts the bundle `dist/<name>`. */
  start(name: 'traceWorker' | 'queryWorker'): WorkerHandle;
  input(path: string, unread?: boolean): Promise<TraceInput>;
}

/** A session whose halves each run in a worker of their own. */
export function createWorkerSession(host: WorkerHost): TraceSession {
  const worker = host.start('traceWorker');
  const trace = connect<TraceEngine>(TRACE_ENGINE_METHODS, worker.endpoint);
  worker.onFailure(trace.fail);
  return new ComposedSession({
    trace: trace.remote,
    input: host.input,
    async startQueries() {
      const queryWorker = host.start('queryWorker');
      const queries = connect<QueryEngine>(QUERY_ENGINE_METHODS, queryWorker.endpoint);
      queryWorker.onFailure(queries.fail);
      return {
        engine: queries.remote,
        stop() {
          queryWorker.terminate();
          queries.fail(cancelled());
        },
      };
    },
    dispose() {
      worker.terminate();
      trace.fail(cancelled());
    },
  });
}
