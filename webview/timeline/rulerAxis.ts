import { axisBottom } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import { timeTicks } from './ruler.js';
import type { Dragged } from './rulerDrag.js';
import type { TimeScale } from './timeScale.js';

/** px at the right edge in which a tick's label would be cut off */
const LABEL_ROOM = 24;

/** Draws the ticks of a view into the ruler's SVG. */
export function drawAxis(svg: SVGSVGElement, scale: TimeScale): void {
  const { viewport, width } = scale;
  const ticks = timeTicks(viewport, width);
  const linear = scaleLinear().domain([viewport.startNs, viewport.endNs]).range([0, width]);
  const axis = axisBottom<number>(linear)
    .tickValues(ticks.values.filter((tick) => scale.xOf(tick) < width - LABEL_ROOM))
    .tickFormat((ns) => ticks.label(ns))
    .tickSize(5)
    .tickPadding(2);
  select(svg).select<SVGGElement>('g').call(axis);
}

/** Places the band over the chosen part of the ruler; hides it where there is none in view. */
export function placeBand(band: HTMLElement, chosen: Dragged | undefined, width: number): void {
  band.hidden = chosen === undefined;
  if (chosen !== undefined) {
    const left = Math.max(-2, Math.min(chosen.from, chosen.to));
    const right = Math.min(width + 2, Math.max(chosen.from, chosen.to));
    band.hidden = right < 0 || left > width;
    band.style.left = `${left}px`;
    band.style.width = `${Math.max(1, right - left)}px`;
  }
}
