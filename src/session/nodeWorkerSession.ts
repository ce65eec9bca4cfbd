import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { TraceInput } from './engines.js';
import type { TraceSession } from './session.js';
import { createWorkerSession, type WorkerHandle } from './workerSession.js';

/**
 * A session in Node worker threads.
 * @param distFolder the folder of the built extension, which holds the workers' bundles
 * @param input how a path becomes a file for the engine; a path of this machine is read in the worker
 */
export function createNodeWorkerSession(
  distFolder: string,
  input: (path: string, unread?: boolean) => Promise<TraceInput>,
): TraceSession {
  return createWorkerSession({
    input,
    start: (name) => startThread(join(distFolder, `${name}.cjs`)),
  });
}

function startThread(file: string): WorkerHandle {
  const worker = new Worker(file);
  return {
    endpoint: {
      post: (message, transfer) => worker.postMessage(message, [...(transfer ?? [])]),
      listen: (handler) => worker.on('message', handler),
    },
    onFailure(handler) {
      worker.on('error', handler);
      worker.on('exit', (code) =>
        handler(new Error(`The trace engine stopped (exit ${code}). Open the trace again.`)),
      );
    },
    terminate: () => void worker.terminate(),
  };
}
