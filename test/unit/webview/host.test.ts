import { describe, expect, it } from 'vitest';
import type { ToHost, ToView } from '../../../src/session/viewProtocol.js';
import { Host, LatestRequest, RefusedError } from '../../../webview/host.js';

function connected() {
  const sent: ToHost[] = [];
  const events: ToView[] = [];
  let deliver: (message: ToView) => void = () => undefined;
  const host = new Host(
    { post: (message) => sent.push(message), listen: (receive) => (deliver = receive) },
    (event) => events.push(event),
  );
  const requests = () => sent.filter((message) => message.type === 'request');
  return { host, sent, events, requests, deliver: (message: ToView) => deliver(message) };
}

describe('Host', () => {
  it('gives each request an id of its own and settles it by that id', async () => {
    const { host, requests, deliver } = connected();
    const first = host.request('goToCode', { call: 1, cause: 'asked' });
    const second = host.request('goToCode', { call: 2, cause: 'asked' });
    const [a, b] = requests();
    expect(a.id).not.toBe(b.id);
    deliver({ type: 'answer', id: b.id, result: 'second' });
    deliver({ type: 'answer', id: a.id, result: 'first' });
    expect(await first).toBe('first');
    expect(await second).toBe('second');
  });

  it('rejects with the sentence of the host', async () => {
    const { host, requests, deliver } = connected();
    const asked = host.request('query', { sql: 'SELEC' });
    deliver({
      type: 'refused',
      id: requests()[0].id,
      sentence: 'near "SELEC": syntax error',
      cancelled: false,
    });
    await expect(asked).rejects.toThrow(new RefusedError('near "SELEC": syntax error', false));
  });

  it('tells the host of an abort once, and drops the late answer', async () => {
    const { host, sent, requests, deliver } = connected();
    const controller = new AbortController();
    const asked = host.request('query', { sql: 'SELECT 1' }, controller.signal);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ cancelled: true });
    const { id } = requests()[0];
    deliver({ type: 'answer', id, result: 'late' });
    controller.abort();
    expect(sent.filter((message) => message.type === 'cancel')).toEqual([{ type: 'cancel', id }]);
  });

  it('does not ask where the signal is aborted already', async () => {
    const { host, sent } = connected();
    const asked = host.request('query', { sql: 'SELECT 1' }, AbortSignal.abort());
    await expect(asked).rejects.toBeInstanceOf(RefusedError);
    expect(sent).toEqual([]);
  });

  it('hands events on and ignores answers to what nobody asked', () => {
    const { events, deliver } = connected();
    deliver({ type: 'answer', id: 99, result: 1 });
    deliver({ type: 'goToSelected' });
    expect(events).toEqual([{ type: 'goToSelected' }]);
  });
});

describe('LatestRequest', () => {
  it('delivers only the newest answer, in whatever order answers come', async () => {
    const { host, requests, deliver, sent } = connected();
    const latest = new LatestRequest(host, 'goToCode');
    const old = latest.ask({ call: 1, cause: 'asked' });
    const fresh = latest.ask({ call: 2, cause: 'asked' });
    const [a, b] = requests();
    expect(sent).toContainEqual({ type: 'cancel', id: a.id });
    deliver({ type: 'answer', id: b.id, result: 'new' });
    deliver({ type: 'answer', id: a.id, result: 'old' });
    expect(await old).toBeUndefined();
    expect(await fresh).toBe('new');
  });

  it('throws what the host refused, but not for a question that was overtaken', async () => {
    const { host, requests, deliver } = connected();
    const latest = new LatestRequest(host, 'goToCode');
    const old = latest.ask({ call: 1, cause: 'asked' });
    const fresh = latest.ask({ call: 2, cause: 'asked' });
    deliver({ type: 'refused', id: requests()[1].id, sentence: 'No.', cancelled: false });
    await expect(fresh).rejects.toThrow('No.');
    expect(await old).toBeUndefined();
  });

  it('gives nothing after cancel', async () => {
    const { host } = connected();
    const latest = new LatestRequest(host, 'goToCode');
    const asked = latest.ask({ call: 1, cause: 'asked' });
    latest.cancel();
    expect(await asked).toBeUndefined();
  });
});
