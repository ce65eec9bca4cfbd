import type { Viewport } from '../state.js';

/** The narrowest view, ns: below it a pixel is a fraction of a nanosecond that no trace has. */
export const MIN_VIEW_NS = 200;

/** A d3-zoom transform along time: screen = k * base + x, where base spans the width at k = 1. */
export interface TimeTransform {
  readonly k: number;
  readonly x: number;
}

/** The view within [0, span], no narrower than `MIN_VIEW_NS`; its width is kept where it fits. */
export function clampViewport(view: Viewport, spanNs: number): Viewport {
  const span = Math.max(spanNs, 1);
  const width = Math.min(span, Math.max(view.endNs - view.startNs, Math.min(MIN_VIEW_NS, span)));
  const start = Math.min(Math.max(view.startNs, 0), span - width);
  return { startNs: start, endNs: start + width };
}

/**
 * Zooms so that `anchorNs` stays where it is on the screen.
 * @param factor above 1 zooms in
 */
export function zoomAround(
  view: Viewport,
  factor: number,
  anchorNs: number,
  spanNs: number,
): Viewport {
  const span = Math.max(spanNs, 1);
  const width = view.endNs - view.startNs;
  const next = Math.min(span, Math.max(width / factor, Math.min(MIN_VIEW_NS, span)));
  const share = width > 0 ? (anchorNs - view.startNs) / width : 0.5;
  const start = anchorNs - share * next;
  return clampViewport({ startNs: start, endNs: start + next }, spanNs);
}

/** Moves the view by a share of its own width; positive is later. */
export function panBy(view: Viewport, share: number, spanNs: number): Viewport {
  const delta = (view.endNs - view.startNs) * share;
  return clampViewport({ startNs: view.startNs + delta, endNs: view.endNs + delta }, spanNs);
}

/** A view in which an interval takes about a third of the width. */
export function frame(startNs: number, durationNs: number, spanNs: number): Viewport {
  const width = Math.max(durationNs * 3, MIN_VIEW_NS);
  const middle = startNs + durationNs / 2;
  return clampViewport({ startNs: middle - width / 2, endNs: middle + width / 2 }, spanNs);
}

/** The least move that brings an instant into view, with a tenth of the width as margin. */
export function reveal(
  view: Viewport,
  startNs: number,
  durationNs: number,
  spanNs: number,
): Viewport {
  const width = view.endNs - view.startNs;
  const margin = width * 0.1;
  const end = startNs + Math.min(durationNs, width * 0.8);
  if (startNs >= view.startNs && end <= view.endNs) {
    return view;
  }
  const start = startNs < view.startNs ? startNs - margin : end + margin - width;
  return clampViewport({ startNs: start, endNs: start + width }, spanNs);
}

/** @param width pixels of the whole timeline */
export function toTransform(view: Viewport, spanNs: number, width: number): TimeTransform {
  const k = Math.max(spanNs, 1) / (view.endNs - view.startNs);
  return { k, x: -(view.startNs / Math.max(spanNs, 1)) * width * k };
}

export function fromTransform(transform: TimeTransform, spanNs: number, width: number): Viewport {
  const span = Math.max(spanNs, 1);
  const view = span / transform.k;
  const start = (-transform.x / (width * transform.k)) * span;
  return clampViewport({ startNs: start, endNs: start + view }, spanNs);
}

/**
 * The instant that stays where it is while zooming by button or key, ns: the middle of an interval
 * in view, else of the view.
 */
export function zoomAnchor(
  view: Viewport,
  interval: { readonly startNs: number; readonly durationNs: number } | undefined,
): number {
  const inView =
    interval !== undefined &&
    interval.startNs + interval.durationNs > view.startNs &&
    interval.startNs < view.endNs;
  return inView ? interval.startNs + interval.durationNs / 2 : (view.startNs + view.endNs) / 2;
}
