import type { TimeWindow } from '../../src/analysis/results.js';
import type { Viewport } from '../state.js';

/** Where the instants of a view lie on the plot, in px from the plot's left edge. */
export class TimeScale {
  readonly pixelsPerNs: number;

  /** @param width px of the plot */
  constructor(
    readonly viewport: Viewport,
    readonly width: number,
  ) {
    this.pixelsPerNs = width / (viewport.endNs - viewport.startNs);
  }

  /** ns from the trace's start at a pixel; before and beyond the view too. */
  timeAt(x: number): number {
    return this.viewport.startNs + x / this.pixelsPerNs;
  }

  xOf(ns: number): number {
    return (ns - this.viewport.startNs) * this.pixelsPerNs;
  }

  pixelsOf(window: TimeWindow): { from: number; to: number } {
    return { from: this.xOf(window.startNs), to: this.xOf(window.endNs) };
  }
}
