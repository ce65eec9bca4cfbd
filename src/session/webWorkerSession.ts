import type { TraceInput } from './engines.js';
import type { TraceSession } from './session.js';
import { createWorkerSession, type WorkerHandle } from './workerSession.js';

/** What a browser host has to bring: it can neither load a worker from a path nor read files in it. */
export interface WebWorkerParts {
  /** URLs the host may start workers from, made of the bundles' text */
  readonly scripts: Readonly<Record<'traceWorker' | 'queryWorker', string>>;
  /** bytes of sql-wasm.wasm */
  readonly sqlWasm: Uint8Array;
  /** reads a whole file; its bytes go to the worker */
  input(path: string, unread?: boolean): Promise<TraceInput>;
}

/** The first message a web worker gets: what it cannot fetch by itself. */
export interface WebWorkerStart {
  readonly type: 'start';
  readonly sqlWasm: Uint8Array;
}

/** A session in web workers, for hosts without Node. */
export function createWebWorkerSession(parts: WebWorkerParts): TraceSession {
  return createWorkerSession({
    input: parts.input,
    start: (name) => startWebWorker(parts.scripts[name], parts.sqlWasm),
  });
}

function startWebWorker(script: string, sqlWasm: Uint8Array): WorkerHandle {
  const worker = new Worker(script);
  worker.postMessage({ type: 'start', sqlWasm } satisfies WebWorkerStart);
  return {
    endpoint: {
      post: (message, transfer) => worker.postMessage(message, [...(transfer ?? [])]),
      listen: (handler) => worker.addEventListener('message', (event) => handler(event.data)),
    },
    onFailure: (handler) =>
      worker.addEventListener('error', (event) =>
        handler(new Error(`The trace engine stopped: ${event.message}. Open the trace again.`)),
      ),
    terminate: () => worker.terminate(),
  };
}
