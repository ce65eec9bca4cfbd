import { describe, expect, it } from 'vitest';
import {
  MIN_VIEW_NS,
  clampViewport,
  frame,
  fromTransform,
  panBy,
  reveal,
  toTransform,
  zoomAnchor,
  zoomAround,
} from '../../../webview/timeline/viewport.js';

const SPAN = 60e9;
const WIDTH = 1300;

describe('viewport', () => {
  it('keeps the instant under the pointer where it is while zooming', () => {
    let view = { startNs: 10e9, endNs: 30e9 };
    const anchor = 14.25e9;
    const share = (anchor - view.startNs) / (view.endNs - view.startNs);
    for (let i = 0; i < 40; i++) {
      view = zoomAround(view, 1.7, anchor, SPAN);
      expect((anchor - view.startNs) / (view.endNs - view.startNs)).toBeCloseTo(share, 3);
    }
    expect(view.endNs - view.startNs).toBeCloseTo(MIN_VIEW_NS, 3);
  });

  it('zooms around what is selected where that is in view, else around the middle', () => {
    const view = { startNs: 10e9, endNs: 30e9 };
    expect(zoomAnchor(view, undefined)).toBe(20e9);
    expect(zoomAnchor(view, { startNs: 12e9, durationNs: 2e9 })).toBe(13e9);
    expect(zoomAnchor(view, { startNs: 30e9, durationNs: 2e9 })).toBe(20e9);
    expect(zoomAnchor(view, { startNs: 8e9, durationNs: 2e9 })).toBe(20e9);
  });

  it('zooms out to the whole trace and no further', () => {
    expect(zoomAround({ startNs: 5e9, endNs: 6e9 }, 1e-6, 5.5e9, SPAN)).toEqual({
      startNs: 0,
      endNs: SPAN,
    });
  });

  it('stops at the ends without changing the width', () => {
    expect(panBy({ startNs: 1e9, endNs: 3e9 }, -5, SPAN)).toEqual({ startNs: 0, endNs: 2e9 });
    expect(panBy({ startNs: 55e9, endNs: 59e9 }, 5, SPAN)).toEqual({ startNs: 56e9, endNs: SPAN });
  });

  it('survives a trace of no length', () => {
    expect(clampViewport({ startNs: 0, endNs: 0 }, 0)).toEqual({ startNs: 0, endNs: 1 });
  });

  it('frames an interval in its middle, also at the edge of the trace', () => {
    expect(frame(30e9, 1e9, SPAN)).toEqual({ startNs: 29e9, endNs: 32e9 });
    expect(frame(0, 1e9, SPAN)).toEqual({ startNs: 0, endNs: 3e9 });
  });

  it('moves no more than needed to reveal', () => {
    const view = { startNs: 10e9, endNs: 20e9 };
    expect(reveal(view, 12e9, 1e9, SPAN)).toBe(view);
    expect(reveal(view, 21e9, 1e9, SPAN)).toEqual({ startNs: 13e9, endNs: 23e9 });
    expect(reveal(view, 5e9, 1e9, SPAN)).toEqual({ startNs: 4e9, endNs: 14e9 });
  });

  it('goes to a d3 transform and back, to a pixel even at the deepest zoom', () => {
    for (const view of [
      { startNs: 0, endNs: SPAN },
      { startNs: 12_345_678_901, endNs: 12_345_678_901 + MIN_VIEW_NS },
      { startNs: 59e9, endNs: SPAN },
    ]) {
      const back = fromTransform(toTransform(view, SPAN, WIDTH), SPAN, WIDTH);
      const pixel = (view.endNs - view.startNs) / WIDTH;
      expect(Math.abs(back.startNs - view.startNs)).toBeLessThan(pixel);
      expect(Math.abs(back.endNs - view.endNs)).toBeLessThan(pixel);
    }
  });
});
