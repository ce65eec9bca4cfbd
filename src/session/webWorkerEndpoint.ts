import type { Endpoint } from './rpc.js';
import type { WebWorkerStart } from './webWorkerSession.js';

/** The part of a worker's global scope used here; the DOM types know only the page's side. */
interface WorkerScope {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
}

/** The channel from inside a web worker to whoever started it. */
export interface ParentChannel {
  /** the first message, which brings what a web worker cannot fetch by itself */
  readonly start: Promise<WebWorkerStart>;
  /** all later messages; those that come before somebody listens are kept for them */
  readonly endpoint: Endpoint;
}

/** Call it at once when the worker starts: messages that nobody listens to are lost. */
export function openParentChannel(): ParentChannel {
  const scope = globalThis as unknown as WorkerScope;
  const early: unknown[] = [];
  let handler: ((message: unknown) => void) | undefined;
  const start = new Promise<WebWorkerStart>((resolve) => {
    let started = false;
    scope.addEventListener('message', ({ data }) => {
      if (!started) {
        started = true;
        resolve(data as WebWorkerStart);
      } else if (handler === undefined) {
        early.push(data);
      } else {
        handler(data);
      }
    });
  });
  return {
    start,
    endpoint: {
      post: (message, transfer) => scope.postMessage(message, [...(transfer ?? [])]),
      listen(newHandler) {
        handler = newHandler;
        early.splice(0).forEach(newHandler);
      },
    },
  };
}
