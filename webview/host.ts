import type { ToHost, ToView, ViewRequestName, ViewRequests } from '../src/session/viewProtocol.js';

/** The two directions of the message path; VS Code's in the editor, a fake in tests. */
export interface MessagePath {
  post(message: ToHost): void;
  /** Calls `receive` for each message from the host. */
  listen(receive: (message: ToView) => void): void;
}

/** Why a request was not answered; the message is the sentence the host gave. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(
    sentence: string,
    readonly cancelled: boolean,
  ) {
    super(sentence);
  }
}

type HostEvent = Exclude<ToView, { type: 'answer' } | { type: 'refused' }>;

interface Pending {
  resolve(result: unknown): void;
  reject(error: RefusedError): void;
}

/** The webview's end of `viewProtocol.ts`: requests with ids, cancellation, events. */
export class Host {
  private nextId = 1;
  private readonly pending = new Map<number, Pending>();

  constructor(
    private readonly path: MessagePath,
    onEvent: (event: HostEvent) => void,
  ) {
    path.listen((message) => {
      if (message.type === 'answer') {
        this.settle(message.id)?.resolve(message.result);
      } else if (message.type === 'refused') {
        this.settle(message.id)?.reject(new RefusedError(message.sentence, message.cancelled));
      } else {
        onEvent(message);
      }
    });
  }

  /** Sends an event that has no answer. */
  tell(message: Exclude<ToHost, { type: 'request' } | { type: 'cancel' }>): void {
    this.path.post(message);
  }

  /**
   * Asks the host. Aborting the signal tells the host to stop and rejects at once; an answer that
   * comes after that is dropped.
   * @throws RefusedError
   */
  request<K extends ViewRequestName>(
    name: K,
    params: ViewRequests[K]['params'],
    signal?: AbortSignal,
  ): Promise<ViewRequests[K]['result']> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new RefusedError('Cancelled.', true));
        return;
      }
      const abort = () => {
        if (this.pending.delete(id)) {
          this.path.post({ type: 'cancel', id });
          reject(new RefusedError('Cancelled.', true));
        }
      };
      signal?.addEventListener('abort', abort, { once: true });
      const done = () => signal?.removeEventListener('abort', abort);
      this.pending.set(id, {
        // The host answers each request with the result its name stands for: that is the protocol.
        resolve: (result) => (done(), resolve(result as ViewRequests[K]['result'])),
        reject: (error) => (done(), reject(error)),
      });
      this.path.post({ type: 'request', id, name, params } as ToHost);
    });
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }
}

/**
 * One kind of question whose newest answer alone counts: asking again cancels the question before,
 * and an answer that comes late is never delivered.
 */
export class LatestRequest<K extends ViewRequestName> {
  private running: AbortController | undefined;

  constructor(
    private readonly host: Pick<Host, 'request'>,
    private readonly name: K,
  ) {}

  /**
   * The answer, or undefined where a newer question or `cancel` overtook this one.
   * @throws RefusedError where the host refused the newest question
   */
  async ask(params: ViewRequests[K]['params']): Promise<ViewRequests[K]['result'] | undefined> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    try {
      const result = await this.host.request(this.name, params, mine.signal);
      return this.running === mine ? result : undefined;
    } catch (error) {
      if (this.running !== mine || mine.signal.aborted) {
        return undefined;
      }
      throw error;
    } finally {
      if (this.running === mine) {
        this.running = undefined;
      }
    }
  }

  cancel(): void {
    this.running?.abort();
    this.running = undefined;
  }
}
