import { parentPort } from 'node:worker_threads';
import type { Endpoint } from './rpc.js';

/** The channel from inside a Node worker thread to whoever started it. */
export function parentEndpoint(): Endpoint {
  const port = parentPort;
  if (port === null) {
    throw new Error('This file runs as a worker thread only.');
  }
  return {
    post: (message, transfer) => port.postMessage(message, [...(transfer ?? [])]),
    listen: (handler) => port.on('message', handler),
  };
}
