import type { TileRequest, TimeWindow } from '../../src/analysis/results.js';
import type { Viewport } from '../state.js';

/** Windows start and end on multiples of so many pixels, so that near views ask the same question. */
const GRAIN_PIXELS = 256;

/** ns a pixel stands for, rounded down to a power of two: zooming asks anew once an octave. */
export function resolutionOf(view: Viewport, width: number): number {
  const exact = (view.endNs - view.startNs) / Math.max(width, 1);
  return 2 ** Math.floor(Math.log2(exact));
}

/**
 * The tiles to ask for so that small pans and zooms need no request: about three times the view, at
 * a power-of-two resolution, cut to the trace.
 *
 * @param width pixels of the view
 */
export function wantedTiles(view: Viewport, width: number, spanNs: number): TileRequest {
  const resolution = resolutionOf(view, width);
  const grain = resolution * GRAIN_PIXELS;
  const shown = view.endNs - view.startNs;
  const start = Math.max(0, Math.floor((view.startNs - shown) / grain) * grain);
  const end = Math.min(spanNs, Math.ceil((view.endNs + shown) / grain) * grain);
  return { startNs: start, endNs: end, pixels: Math.max(1, Math.ceil((end - start) / resolution)) };
}

/** Whether tiles cover the view finely enough, and not so finely that drawing them is waste. */
export function serves(request: TileRequest, view: Viewport, width: number): boolean {
  const resolution = (request.endNs - request.startNs) / request.pixels;
  const wanted = resolutionOf(view, width);
  return contains(request, view) && resolution <= wanted * 1.01 && resolution >= wanted / 4.01;
}

export function contains(outer: TimeWindow, inner: TimeWindow): boolean {
  // Half a nanosecond of slack: the view's edges are computed, the trace's end is stored.
  return outer.startNs <= inner.startNs + 0.5 && outer.endNs >= inner.endNs - 0.5;
}

export function tileKey(request: TileRequest): string {
  return `${request.startNs}/${request.endNs}/${request.pixels}`;
}
