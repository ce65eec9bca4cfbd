import type { Endpoint } from './rpc.js';

/** The part of a worker's global scope used here; the DOM types know only the page's side. */
interface WorkerScope {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
}

/** The channel from inside a web worker to whoever started it. */
export function parentEndpoint(): Endpoint {
  const scope = globalThis as unknown as WorkerScope;
  return {
    post: (message, transfer) => scope.postMessage(message, [...(transfer ?? [])]),
    listen: (handler) => scope.addEventListener('message', (event) => handler(event.data)),
  };
}
