import type { TimeWindow } from '../../src/analysis/results.js';
import type { TimeScale } from './timeScale.js';

/** px of a drag on the ruler from which it chooses a window; a shorter one is a click */
const LEAST_DRAG = 4;

/** px from the ruler's left edge */
export interface Dragged {
  readonly from: number;
  readonly to: number;
}

/** A drag on the ruler: it chooses the window that tables and stalls are made of. */
export class RulerDrag {
  private dragged: Dragged | undefined;

  /** @param changed called whenever the drag begins, moves or ends */
  constructor(private readonly changed: () => void) {}

  /** The drag under way. */
  get current(): Dragged | undefined {
    return this.dragged;
  }

  start(event: PointerEvent, ruler: HTMLElement): void {
    if (event.button === 0) {
      const x = event.clientX - ruler.getBoundingClientRect().left;
      this.set({ from: x, to: x });
      ruler.setPointerCapture(event.pointerId);
    }
  }

  move(event: PointerEvent, ruler: HTMLElement): void {
    if (this.dragged !== undefined) {
      const area = ruler.getBoundingClientRect();
      const x = Math.min(area.width, Math.max(0, event.clientX - area.left));
      this.set({ ...this.dragged, to: x });
    }
  }

  /** @returns the drag that ended */
  end(event: PointerEvent, ruler: HTMLElement): Dragged | undefined {
    this.move(event, ruler);
    const { dragged } = this;
    this.cancel();
    return dragged;
  }

  cancel(): void {
    this.set(undefined);
  }

  private set(dragged: Dragged | undefined): void {
    this.dragged = dragged;
    this.changed();
  }
}

/** The part of the trace a drag covers; undefined where it is too short to be one. */
export function draggedWindow(
  { from, to }: Dragged,
  scale: TimeScale,
  spanNs: number,
): TimeWindow | undefined {
  if (Math.abs(to - from) < LEAST_DRAG) {
    return undefined;
  }
  return {
    startNs: Math.max(0, scale.timeAt(Math.min(from, to))),
    endNs: Math.min(spanNs, scale.timeAt(Math.max(from, to))),
  };
}
