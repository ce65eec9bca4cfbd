import { select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import type { D3ZoomEvent } from 'd3-zoom';
import type { Viewport } from '../state.js';
import { MIN_VIEW_NS, fromTransform, panBy, toTransform } from './viewport.js';

/** px up to which a press that moves is still a click */
const CLICK_DISTANCE = 4;
/** px of a line of the wheel, where the browser counts in lines */
const LINE = 20;

/** What wheel and drag move. */
export interface Zoomed {
  viewport(): Viewport;
  /** ns */
  spanNs(): number;
  /** px */
  plotWidth(): number;
  setViewport(viewport: Viewport): void;
  /** moves the lanes down by px */
  scrollBy(pixels: number): void;
  /** the boxes begin to move under the pointer */
  moving(): void;
}

/** Wheel, drag and pinch over the lanes: d3-zoom along time; wheels with Shift or sideways pan. */
export class ZoomInput {
  private following = false;

  private readonly behaviour = zoom<HTMLElement, unknown>()
    .filter((event: WheelEvent | MouseEvent) => {
      if (event.type === 'wheel') {
        return !event.shiftKey && !event.altKey && !isSideways(event as WheelEvent);
      }
      return event.button === 0 || event.type.startsWith('touch');
    })
    .clickDistance(CLICK_DISTANCE)
    .on('start', (event: D3ZoomEvent<HTMLElement, unknown>) => {
      if (event.sourceEvent instanceof MouseEvent && event.sourceEvent.type === 'mousedown') {
        this.surface.classList.add('dragging');
        this.zoomed.moving();
      }
    })
    .on('zoom', (event: D3ZoomEvent<HTMLElement, unknown>) => this.zoom(event))
    .on('end', () => this.surface.classList.remove('dragging'));

  constructor(
    private readonly surface: HTMLElement,
    private readonly zoomed: Zoomed,
  ) {
    select<HTMLElement, unknown>(surface).call(this.behaviour).on('dblclick.zoom', null);
    surface.addEventListener('wheel', (event) => this.panByWheel(event), { passive: false });
  }

  /** Tells d3-zoom how wide the plot is. */
  resize(): void {
    const width = this.zoomed.plotWidth();
    this.behaviour
      .extent([
        [0, 0],
        [width, 1],
      ])
      .translateExtent([
        [0, -Infinity],
        [width, Infinity],
      ])
      .scaleExtent(this.scales());
  }

  /** Tells d3-zoom where the view is after something else moved it. */
  follow(): void {
    this.following = true;
    const { k, x } = toTransform(
      this.zoomed.viewport(),
      this.zoomed.spanNs(),
      this.zoomed.plotWidth(),
    );
    this.behaviour
      .scaleExtent(this.scales())
      .transform(select<HTMLElement, unknown>(this.surface), zoomIdentity.translate(x, 0).scale(k));
    this.following = false;
  }

  private scales(): [number, number] {
    return [1, Math.max(1, this.zoomed.spanNs() / MIN_VIEW_NS)];
  }

  private zoom(event: D3ZoomEvent<HTMLElement, unknown>): void {
    if (this.following) {
      return;
    }
    const source: unknown = event.sourceEvent;
    if (source instanceof MouseEvent && source.type === 'mousemove') {
      this.zoomed.scrollBy(-source.movementY);
    }
    this.zoomed.moving();
    this.zoomed.setViewport(
      fromTransform(event.transform, this.zoomed.spanNs(), this.zoomed.plotWidth()),
    );
  }

  private panByWheel(event: WheelEvent): void {
    if (event.altKey || (!event.shiftKey && !isSideways(event))) {
      return;
    }
    event.preventDefault();
    const delta = event.deltaX === 0 ? event.deltaY : event.deltaX;
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? delta * LINE : delta;
    this.zoomed.setViewport(
      panBy(this.zoomed.viewport(), pixels / this.zoomed.plotWidth(), this.zoomed.spanNs()),
    );
  }
}

function isSideways(event: WheelEvent): boolean {
  return Math.abs(event.deltaX) > Math.abs(event.deltaY);
}
