import { SqlError } from '../sqlite/engine.js';
import { TraceOpenError, type OpenErrorCode, type Progress } from '../trace/index.js';
import type { CallOptions } from './session.js';

/** One end of a message channel: a worker seen from outside, or the outside seen from a worker. */
export interface Endpoint {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** `handler` gets every message of the other end. */
  listen(handler: (message: unknown) => void): void;
}

type AsyncMethod = (...args: never[]) => Promise<unknown>;
/** The names of an interface's asynchronous methods. */
export type MethodName<T> = {
  [K in keyof T]: T[K] extends AsyncMethod ? K : never;
}[keyof T] &
  string;

interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  readonly code?: OpenErrorCode;
  readonly looksLike?: string;
  readonly tables?: readonly string[];
  readonly sql?: string;
}

type ToServer =
  | {
      readonly type: 'call';
      readonly id: number;
      readonly method: string;
      readonly request: unknown;
    }
  | { readonly type: 'cancel'; readonly id: number };
type ToClient =
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorMessage }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress };

function describeError(error: unknown): ErrorMessage {
  if (error instanceof TraceOpenError) {
    const { name, message, code, looksLike, tables } = error;
    return { name, message, code, looksLike, tables };
  }
  if (error instanceof SqlError) {
    return { name: error.name, message: error.message, sql: error.sql };
  }
  if (error instanceof Error) {
    return { name: error.name, message: error.message };
  }
  return { name: 'Error', message: String(error) };
}

function reviveError(error: ErrorMessage): Error {
  if (error.code !== undefined) {
    return new TraceOpenError(error.code, error.message, error.looksLike, error.tables);
  }
  if (error.sql !== undefined) {
    return new SqlError(error.message, error.sql);
  }
  const revived = new Error(error.message);
  revived.name = error.name;
  return revived;
}

/** Buffers of the typed arrays directly held by a result, so that they move instead of being copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const buffers = new Set<ArrayBuffer>();
  for (const part of Object.values(value)) {
    if (ArrayBuffer.isView(part) && part.buffer instanceof ArrayBuffer) {
      buffers.add(part.buffer);
    }
  }
  return [...buffers];
}

/**
 * Answers calls that arrive at `endpoint` with the methods of `target`.
 * @param moved methods whose results own their typed arrays: these move to the caller
 */
export function serve<T extends object>(
  target: T,
  methods: readonly MethodName<T>[],
  endpoint: Endpoint,
  moved: readonly MethodName<T>[] = [],
): void {
  const running = new Map<number, AbortController>();
  const answer = (message: ToClient, transfer?: readonly ArrayBuffer[]) =>
    endpoint.post(message, transfer);
  const run = async (id: number, method: MethodName<T>, request: unknown, signal: AbortSignal) => {
    const options: CallOptions = {
      signal,
      progress: (progress) => answer({ type: 'progress', id, progress }),
    };
    const call = target[method] as (request: unknown, options: CallOptions) => Promise<unknown>;
    try {
      const value = await call.call(target, request, options);
      answer({ type: 'result', id, value }, moved.includes(method) ? buffersOf(value) : undefined);
    } catch (error) {
      answer({ type: 'error', id, error: describeError(error) });
    } finally {
      running.delete(id);
    }
  };
  endpoint.listen((raw) => {
    const message = raw as ToServer;
    if (message.type === 'cancel') {
      running.get(message.id)?.abort();
      return;
    }
    const method = methods.find((name) => name === message.method);
    if (method === undefined) {
      answer({
        type: 'error',
        id: message.id,
        error: { name: 'Error', message: `no method '${message.method}'` },
      });
      return;
    }
    const controller = new AbortController();
    running.set(message.id, controller);
    void run(message.id, method, message.request, controller.signal);
  });
}

/** The far end's methods as local ones, and a way to fail all that wait when it is gone. */
export interface Connection<T> {
  readonly remote: Pick<T, MethodName<T>>;
  /** Rejects every waiting call and all later ones with `reason`. */
  fail(reason: Error): void;
}

/** Calls the methods served at the other end of `endpoint`. */
export function connect<T extends object>(
  methods: readonly MethodName<T>[],
  endpoint: Endpoint,
): Connection<T> {
  interface Waiting {
    resolve(value: unknown): void;
    reject(error: Error): void;
    progress: CallOptions['progress'];
  }
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let failure: Error | undefined;

  endpoint.listen((raw) => {
    const message = raw as ToClient;
    const call = waiting.get(message.id);
    if (call === undefined) {
      return; // cancelled before its answer came
    }
    switch (message.type) {
      case 'progress':
        call.progress?.(message.progress);
        return;
      case 'result':
        waiting.delete(message.id);
        call.resolve(message.value);
        return;
      case 'error':
        waiting.delete(message.id);
        call.reject(reviveError(message.error));
        return;
    }
  });

  const invoke = (method: string) => (request: unknown, options?: CallOptions) =>
    new Promise<unknown>((resolve, reject) => {
      if (failure !== undefined) {
        reject(failure);
        return;
      }
      const id = nextId++;
      const signal = options?.signal;
      const cancel = () => {
        endpoint.post({ type: 'cancel', id } satisfies ToServer);
      };
      if (signal?.aborted) {
        reject(cancelled());
        return;
      }
      signal?.addEventListener('abort', cancel, { once: true });
      const done = () => signal?.removeEventListener('abort', cancel);
      waiting.set(id, {
        resolve: (value) => (done(), resolve(value)),
        reject: (error) => (done(), reject(error)),
        progress: options?.progress,
      });
      endpoint.post({ type: 'call', id, method, request } satisfies ToServer);
    });

  const remote = Object.fromEntries(methods.map((name) => [name, invoke(name)]));
  return {
    remote: remote as unknown as Pick<T, MethodName<T>>,
    fail(reason) {
      failure = reason;
      for (const call of waiting.values()) {
        call.reject(reason);
      }
      waiting.clear();
    },
  };
}

/** The error of a call that its caller cancelled. */
export function cancelled(): DOMException {
  return new DOMException('Cancelled.', 'AbortError');
}

export function isCancellation(error: unknown): boolean {
  return (
    (error instanceof Error && error.name === 'AbortError') ||
    (error instanceof TraceOpenError && error.code === 'cancelled')
  );
}
