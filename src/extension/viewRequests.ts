import { isCancellation } from '../session/rpc.js';
import type { ToHost, ToView, ViewRequestName, ViewRequests } from '../session/viewProtocol.js';

/** One function a request; each gets the request's parameters and a signal that tells it to stop. */
export type RequestHandlers = {
  [K in ViewRequestName]: (
    params: ViewRequests[K]['params'],
    signal: AbortSignal,
  ) => Promise<ViewRequests[K]['result']>;
};

type Request = Extract<ToHost, { type: 'request' }>;

/** Answers the requests of one webview: each once, with a result or with the sentence why not. */
export class ViewRequestDesk {
  private readonly running = new Map<number, AbortController>();

  constructor(
    private readonly handlers: RequestHandlers,
    private readonly post: (message: ToView) => void,
    private readonly onTrouble: (name: string, error: unknown) => void,
  ) {}

  async receive(request: Request): Promise<void> {
    const { id, name } = request;
    const controller = new AbortController();
    this.running.set(id, controller);
    // A page that was loaded again numbers its requests anew: answers to the old one must not reach it.
    const wanted = () => this.running.get(id) === controller;
    try {
      const result = await this.handle(request, controller.signal);
      if (wanted()) {
        this.post({ type: 'answer', id, result });
      }
    } catch (error) {
      const cancelled = controller.signal.aborted || isCancellation(error);
      if (!cancelled) {
        this.onTrouble(name, error);
      }
      if (wanted()) {
        this.post({ type: 'refused', id, sentence: sentenceOf(error, cancelled), cancelled });
      }
    } finally {
      if (wanted()) {
        this.running.delete(id);
      }
    }
  }

  /** Tells the request to stop; it is still answered, with `cancelled`. */
  cancel(id: number): void {
    this.running.get(id)?.abort();
  }

  /** Stops all requests and answers none of them: the page that asked is gone. */
  dropAll(): void {
    const dropped = [...this.running.values()];
    this.running.clear();
    for (const controller of dropped) {
      controller.abort();
    }
  }

  private async handle(request: Request, signal: AbortSignal): Promise<unknown> {
    if (!Object.hasOwn(this.handlers, request.name)) {
      throw new Error(`The editor asked for '${String(request.name)}', which does not exist.`);
    }
    // The union of requests pairs each name with its parameters; an index by name alone loses the pair.
    const handler = this.handlers[request.name] as (
      params: Request['params'],
      signal: AbortSignal,
    ) => Promise<unknown>;
    return handler(request.params, signal);
  }
}

function sentenceOf(error: unknown, cancelled: boolean): string {
  if (cancelled) {
    return 'Cancelled.';
  }
  return error instanceof Error ? error.message : String(error);
}
