import { formatSample } from '../../src/analysis/format.js';
import type { TileSet, TimelineRow } from '../../src/analysis/results.js';
import type { CanvasTheme } from '../theme.js';
import type { TimeScale } from './timeScale.js';

/** px between the curve and the edges of its row */
const MARGIN = 3;
/** px of the line, and the least height of a pixel's extremes */
const LINE = 1.5;
/** characters of a unit that the gutter has room for behind a number */
const LONGEST_UNIT = 4;

interface RowPlace {
  /** px of the row on the canvas */
  readonly top: number;
  readonly height: number;
  /** px left of the plot */
  readonly gutter: number;
}

interface CurvePlace extends RowPlace {
  readonly scale: TimeScale;
  /** px: the curve is cut to [left, right] */
  readonly left: number;
  readonly right: number;
}

/** The height on the canvas of a value. */
export function heightOf(
  value: number,
  { low, high }: { readonly low: number; readonly high: number },
  { top, height }: Pick<RowPlace, 'top' | 'height'>,
): number {
  const share = (value - low) / (high - low);
  return top + height - MARGIN - share * (height - 2 * MARGIN);
}

/**
 * Draws points of a counter: from each to the next its last value as a step with the area below it to
 * 0, and through its pixel a bar from the least to the greatest. In the colour of text: a counter is
 * of no layer.
 * @param points boxes of the tiles, by time
 */
export function drawCurve(
  context: CanvasRenderingContext2D,
  theme: CanvasTheme,
  tiles: TileSet,
  points: Uint32Array,
  place: CurvePlace,
): void {
  const { curves } = tiles;
  const range = points.length === 0 ? undefined : tiles.rows[tiles.row[points[0]]].scale;
  if (curves === undefined || range === undefined) {
    return;
  }
  const { scale, left, right, gutter } = place;
  const at = (value: number): number => heightOf(value, range, place);
  const zero = at(0);
  const line = new Path2D();
  context.fillStyle = theme.text;
  context.globalAlpha = 0.25;
  let before: number | undefined;
  for (const point of points) {
    const i = point - curves.first;
    const x0 = gutter + scale.xOf(tiles.start[point]);
    const from = Math.max(left, x0);
    const to = Math.min(
      right,
      Math.max(from + 1, gutter + scale.xOf(tiles.start[point] + tiles.duration[point])),
    );
    if (to <= from) {
      continue;
    }
    const y = at(curves.last[i]);
    context.fillRect(from, Math.min(y, zero), to - from, Math.abs(zero - y));
    line.rect(from, y - LINE / 2, to - from, LINE);
    if (x0 >= left) {
      // The bar of the pixel, and the step from the value before.
      const values = [
        at(curves.high[i]),
        at(curves.low[i]),
        ...(before === undefined ? [] : [before]),
      ];
      const top = Math.min(...values);
      line.rect(from, top - LINE / 2, 1, Math.max(...values) - top + LINE);
    }
    before = y;
  }
  context.globalAlpha = 1;
  context.fill(line);
}

/** The name of a counter over its curve, and in the gutter what the row's top and bottom stand for. */
export function drawScale(
  context: CanvasRenderingContext2D,
  theme: CanvasTheme,
  label: string,
  { unit, low, high }: NonNullable<TimelineRow['scale']>,
  { top, height, gutter }: RowPlace,
): void {
  context.textBaseline = 'middle';
  context.textAlign = 'start';
  // The curve shines through, but does not strike the name out.
  context.globalAlpha = 0.8;
  context.fillStyle = theme.ground;
  context.fillRect(gutter + 2, top + 2, context.measureText(label).width + 5, 15);
  context.globalAlpha = 1;
  context.fillStyle = theme.text;
  context.fillText(label, gutter + 4, top + 9);
  context.fillStyle = theme.faintText;
  context.textAlign = 'end';
  // A long unit stands behind the name only.
  const shown = unit.length > LONGEST_UNIT && unit !== 'bytes' ? '' : unit;
  context.fillText(formatSample(high, shown), gutter - 8, top + 9, gutter - 12);
  context.fillText(formatSample(low, shown), gutter - 8, top + height - 8, gutter - 12);
  context.globalAlpha = 0.5;
  context.fillStyle = theme.line;
  context.fillRect(gutter, top + height - 1, context.canvas.width, 1);
  context.globalAlpha = 1;
}
