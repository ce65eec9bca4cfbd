import { describe, expect, it } from 'vitest';
import { ViewRequestDesk, type RequestHandlers } from '../../../src/extension/viewRequests.js';
import type { ToHost, ToView } from '../../../src/session/viewProtocol.js';

type Request = Extract<ToHost, { type: 'request' }>;

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  );
}

function desk(own: Partial<RequestHandlers>) {
  const posted: ToView[] = [];
  const troubles: string[] = [];
  const refuse = async () => {
    throw new Error('not part of this test');
  };
  const handlers: RequestHandlers = {
    decompose: refuse,
    stalls: refuse,
    tiles: refuse,
    call: refuse,
    explain: refuse,
    unclassified: refuse,
    makeRule: refuse,
    query: refuse,
    goToCode: refuse,
    goToFrame: refuse,
    save: refuse,
    copy: refuse,
    savedQueries: refuse,
    ...own,
  };
  const served = new ViewRequestDesk(
    handlers,
    (message) => posted.push(message),
    (name) => troubles.push(name),
  );
  return { served, posted, troubles };
}

const goToCode = (id: number, call: number): Request => ({
  type: 'request',
  id,
  name: 'goToCode',
  params: { call, cause: 'asked' },
});

describe('ViewRequestDesk', () => {
  it('answers each request under its own id, whichever ends first', async () => {
    const ends: (() => void)[] = [];
    const { served, posted } = desk({
      goToCode: ({ call }) =>
        new Promise((resolve) => ends.push(() => resolve(`answer to ${call}`))),
    });
    const both = [served.receive(goToCode(1, 10)), served.receive(goToCode(2, 20))];
    ends[1]();
    await both[1];
    ends[0]();
    await both[0];
    expect(posted).toEqual([
      { type: 'answer', id: 2, result: 'answer to 20' },
      { type: 'answer', id: 1, result: 'answer to 10' },
    ]);
  });

  it('refuses with the sentence of the error and reports it', async () => {
    const { served, posted, troubles } = desk({
      goToCode: async () => {
        throw new Error('no such call');
      },
    });
    await served.receive(goToCode(7, 1));
    expect(posted).toEqual([
      { type: 'refused', id: 7, sentence: 'no such call', cancelled: false },
    ]);
    expect(troubles).toEqual(['goToCode']);
  });

  it('aborts the one request that is cancelled, answers it, and reports nothing', async () => {
    const { served, posted, troubles } = desk({ goToCode: (_, signal) => untilAborted(signal) });
    const first = served.receive(goToCode(1, 1));
    void served.receive(goToCode(2, 2));
    served.cancel(1);
    await first;
    expect(posted).toEqual([{ type: 'refused', id: 1, sentence: 'Cancelled.', cancelled: true }]);
    expect(troubles).toEqual([]);
  });

  it('sends nothing to a page that was loaded anew, though ids repeat', async () => {
    const answers: ((text: string) => void)[] = [];
    const { served, posted } = desk({
      goToCode: () => new Promise((resolve) => answers.push(resolve)),
    });
    const old = served.receive(goToCode(1, 1));
    served.dropAll();
    const fresh = served.receive(goToCode(1, 2));
    answers[0]('old page');
    await old;
    expect(posted).toEqual([]);
    answers[1]('new page');
    await fresh;
    expect(posted).toEqual([{ type: 'answer', id: 1, result: 'new page' }]);
  });

  it.each(['nonsense', 'toString', '__proto__'])('refuses the unknown request %s', async (name) => {
    const { served, posted } = desk({});
    await served.receive({ type: 'request', id: 3, name, params: {} } as unknown as Request);
    expect(posted).toEqual([
      {
        type: 'refused',
        id: 3,
        sentence: `The editor asked for '${name}', which does not exist.`,
        cancelled: false,
      },
    ]);
  });
});
