import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { newScratchPath, removeScratch, sweepScratch } from '../formats/nodeScratch.js';
import type { TraceInput } from './engines.js';
import type { NodeEngineOptions } from './nodeRuntime.js';
import type { TraceSession } from './session.js';
import { createWorkerSession, type WorkerHandle } from './workerSession.js';

/**
 * A session in Node worker threads.
 * @param distFolder the folder of the built extension, which holds the workers' bundles
 * @param input how a path becomes a file for the engine; a path of this machine is read in the worker
 * @param nativeBeyond bytes: see `NodeEngineOptions`
 */
export function createNodeWorkerSession(
  distFolder: string,
  input: (path: string, unread?: boolean) => Promise<TraceInput>,
  nativeBeyond: number,
): TraceSession {
  const options: NodeEngineOptions = { nativeBeyond, scratch: newScratchPath() };
  const ended: Promise<unknown>[] = [];
  void sweepScratch();
  return createWorkerSession({
    input,
    start(name) {
      const { handle, end } = startThread(join(distFolder, `${name}.cjs`), options);
      return { ...handle, terminate: () => void ended.push(end()) };
    },
    async cleanUp() {
      await Promise.all(ended); // a file that a thread has open cannot be deleted everywhere
      await removeScratch(options.scratch);
    },
  });
}

function startThread(
  file: string,
  options: NodeEngineOptions,
): { handle: Omit<WorkerHandle, 'terminate'>; end(): Promise<unknown> } {
  const worker = new Worker(file, { workerData: options });
  return {
    handle: {
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
    },
    end: () => worker.terminate(),
  };
}
