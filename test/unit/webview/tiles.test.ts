import { describe, expect, it } from 'vitest';
import type { TileRequest, TileSet } from '../../../src/analysis/results.js';
import { TileLoader } from '../../../webview/timeline/tileLoader.js';
import { serves, tileKey, wantedTiles } from '../../../webview/timeline/tileWindow.js';

const SPAN = 60e9;
const WIDTH = 1300;

function emptyTiles(request: TileRequest): TileSet {
  return {
    window: request,
    rows: [],
    count: 0,
    row: new Uint32Array(0),
    start: new Float64Array(0),
    duration: new Float64Array(0),
    type: new Uint8Array(0),
    text: new Uint32Array(0),
    calls: new Uint32Array(0),
    call: new Int32Array(0),
    texts: [],
  };
}

describe('wantedTiles', () => {
  it('asks for about three views at a power-of-two resolution no coarser than a pixel', () => {
    for (const width of [7, 1e3, 123_456, 9.9e6, 3e9]) {
      const view = { startNs: 20e9, endNs: 20e9 + width };
      const request = wantedTiles(view, WIDTH, SPAN);
      const resolution = (request.endNs - request.startNs) / request.pixels;
      expect(Math.log2(resolution) % 1).toBeCloseTo(0, 6);
      expect(resolution).toBeLessThanOrEqual(width / WIDTH);
      expect(resolution).toBeGreaterThan(width / WIDTH / 2);
      expect(request.startNs).toBeLessThanOrEqual(view.startNs - width);
      expect(request.endNs).toBeGreaterThanOrEqual(view.endNs + width);
      expect(request.endNs - request.startNs).toBeLessThan(width * 4);
    }
  });

  it('is cut to the trace', () => {
    const request = wantedTiles({ startNs: 0, endNs: SPAN }, WIDTH, SPAN);
    expect(request).toMatchObject({ startNs: 0, endNs: SPAN });
  });

  it('serves small pans and zooms of the view it was asked for, and not larger ones', () => {
    const view = { startNs: 20e9, endNs: 21e9 };
    const request = wantedTiles(view, WIDTH, SPAN);
    expect(serves(request, view, WIDTH)).toBe(true);
    expect(serves(request, { startNs: 20.8e9, endNs: 21.8e9 }, WIDTH)).toBe(true);
    expect(serves(request, { startNs: 23e9, endNs: 24e9 }, WIDTH)).toBe(false);
    expect(serves(request, { startNs: 20e9, endNs: 20.1e9 }, WIDTH)).toBe(false);
    expect(serves(request, { startNs: 10e9, endNs: 40e9 }, WIDTH)).toBe(false);
  });
});

/** A host that answers when told to. */
function slowHost() {
  const asked: { request: TileRequest; answer(): void; fail(error: Error): void }[] = [];
  const ask = (request: TileRequest) =>
    new Promise<TileSet>((resolve, reject) =>
      asked.push({ request, answer: () => resolve(emptyTiles(request)), fail: reject }),
    );
  return { asked, ask };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('TileLoader', () => {
  it('has one request under way and remembers only the newest wish', async () => {
    const { asked, ask } = slowHost();
    const loader = new TileLoader(ask, SPAN, () => undefined);
    loader.want({ startNs: 0, endNs: SPAN }, WIDTH);
    for (let i = 1; i <= 10; i++) {
      loader.want({ startNs: i * 5e9, endNs: i * 5e9 + 1e9 }, WIDTH);
    }
    expect(asked).toHaveLength(1);
    asked[0].answer();
    await settled();
    expect(asked).toHaveLength(2);
    expect(tileKey(asked[1].request)).toBe(
      tileKey(wantedTiles({ startNs: 50e9, endNs: 51e9 }, WIDTH, SPAN)),
    );
  });

  it('keeps the old picture until the new one is there', async () => {
    const { asked, ask } = slowHost();
    const loader = new TileLoader(ask, SPAN, () => undefined);
    const whole = { startNs: 0, endNs: SPAN };
    const detail = { startNs: 30e9, endNs: 30.1e9 };
    loader.want(whole, WIDTH);
    expect(loader.best(whole, WIDTH)).toBeUndefined();
    asked[0].answer();
    await settled();
    const first = loader.best(whole, WIDTH);
    expect(first).toBeDefined();
    loader.want(detail, WIDTH);
    expect(loader.best(detail, WIDTH)).toBe(first);
    asked[1].answer();
    await settled();
    expect(loader.best(detail, WIDTH)?.window).toEqual(asked[1].request);
    expect(loader.whole()).toBe(first);
  });

  it('asks nothing for a view it holds', async () => {
    const { asked, ask } = slowHost();
    const loader = new TileLoader(ask, SPAN, () => undefined);
    loader.want({ startNs: 20e9, endNs: 21e9 }, WIDTH);
    asked[0].answer();
    await settled();
    loader.want({ startNs: 20.3e9, endNs: 21.3e9 }, WIDTH);
    loader.want({ startNs: 20e9, endNs: 21e9 }, WIDTH);
    await settled();
    expect(asked).toHaveLength(1);
  });

  it('says why tiles are missing, and forgets it with the next that come', async () => {
    const { asked, ask } = slowHost();
    let changes = 0;
    const loader = new TileLoader(ask, SPAN, () => changes++);
    loader.want({ startNs: 0, endNs: SPAN }, WIDTH);
    asked[0].fail(new Error('The trace was closed.'));
    await settled();
    expect(loader.error).toBe('The trace was closed.');
    loader.want({ startNs: 0, endNs: SPAN }, WIDTH);
    asked[1].answer();
    await settled();
    expect(loader.error).toBe('');
    expect(changes).toBe(2);
  });

  it('draws nothing more after it is disposed', async () => {
    const { asked, ask } = slowHost();
    let changes = 0;
    const loader = new TileLoader(ask, SPAN, () => changes++);
    loader.want({ startNs: 0, endNs: SPAN }, WIDTH);
    loader.dispose();
    asked[0].answer();
    await settled();
    expect(changes).toBe(0);
    expect(loader.whole()).toBeUndefined();
  });
});
