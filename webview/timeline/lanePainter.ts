import { visibleText } from '../../src/analysis/visibleText.js';
import type { TileSet, TimelineRow, TimeWindow } from '../../src/analysis/results.js';
import { BoxRenderer } from '../boxes/boxRenderer.js';
import type { BoxRow, BoxStyle } from '../boxes/boxRenderer.js';
import type { Selection } from '../state.js';
import { readTheme } from '../theme.js';
import type { CanvasTheme } from '../theme.js';
import { COUNTER } from '../../src/analysis/results.js';
import { drawCurve, drawScale } from './curvePainter.js';
import { HEADING_HEIGHT, sameRows } from './layout.js';
import type { LaidOutRow, Layout } from './layout.js';
import { timeTicks } from './ruler.js';
import { dimming, prepare, sceneStyles } from './scene.js';
import type { Prepared } from './scene.js';
import { rowOfSelection, selectedBox } from './selectedBox.js';
import type { SelectedBox } from './selectedBox.js';
import { contains } from './tileWindow.js';
import type { TimeScale } from './timeScale.js';
import { GUTTER } from './timelineStyles.js';

/** One picture of the lanes. */
export interface Picture {
  readonly scale: TimeScale;
  /** px of the canvas */
  readonly width: number;
  readonly height: number;
  /** px that the lanes are scrolled up */
  readonly scrollTop: number;
  readonly layout: Layout;
  /** rows of the layout */
  readonly rows: readonly TimelineRow[];
  /** the boxes; undefined while there are none */
  readonly ready: Prepared | undefined;
  /** the boxes of the whole trace, for where the finer ones do not reach */
  readonly whole: TileSet | undefined;
  readonly window: TimeWindow | null;
  readonly selection: Selection | null;
  /** code of the layer type asked for; -1 = all */
  readonly typeCode: number;
}

interface Part {
  readonly left: number;
  readonly right: number;
}

/** Paints the lanes of the timeline, without their headings, on its canvas. */
export class LanePainter {
  private readonly renderer: BoxRenderer;
  private theme: CanvasTheme | undefined;
  private styles: readonly BoxStyle[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly context: CanvasRenderingContext2D,
  ) {
    this.renderer = new BoxRenderer(context);
  }

  /** Colours and fonts are read anew for the next picture. */
  themeChanged(): void {
    this.theme = undefined;
  }

  paint(picture: Picture): void {
    const { context } = this;
    const theme = this.prepareCanvas(picture);
    context.fillStyle = theme.ground;
    context.fillRect(0, 0, picture.width, picture.height);
    this.gridLines(picture, theme);
    if (picture.ready !== undefined) {
      this.selectionColumn(picture, theme);
      this.boxes(picture, picture.ready, theme);
      this.outsideWindow(picture, theme);
      this.selectionFrame(picture, picture.ready, theme);
    }
    this.gutter(picture, theme);
  }

  private prepareCanvas(picture: Picture): CanvasTheme {
    const ratio = window.devicePixelRatio;
    const width = Math.round(picture.width * ratio);
    const height = Math.round(picture.height * ratio);
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${picture.width}px`;
      canvas.style.height = `${picture.height}px`;
      this.theme = undefined;
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.theme === undefined) {
      this.theme = readTheme();
      this.styles = sceneStyles(this.theme.kind);
      this.renderer.reset(this.theme.font);
    }
    return this.theme;
  }

  private gridLines({ scale, height }: Picture, theme: CanvasTheme): void {
    const { context } = this;
    context.globalAlpha = 0.13;
    context.fillStyle = theme.text;
    for (const tick of timeTicks(scale.viewport, scale.width).values) {
      context.fillRect(Math.round(GUTTER + scale.xOf(tick)), 0, 1, height);
    }
    context.globalAlpha = 1;
  }

  private boxes(picture: Picture, ready: Prepared, theme: CanvasTheme): void {
    const { scale, whole } = picture;
    const plot = { left: GUTTER, right: picture.width };
    const reach = ready.tiles.window;
    if (
      whole === undefined ||
      whole === ready.tiles ||
      contains(reach, scale.viewport) ||
      !sameRows(whole.rows, ready.tiles.rows)
    ) {
      this.part(picture, ready, plot, theme);
      return;
    }
    // Where the finer tiles do not reach yet, the coarse ones of the whole trace stand in.
    const under = prepare(whole);
    const from = GUTTER + scale.xOf(reach.startNs);
    const to = GUTTER + scale.xOf(reach.endNs);
    this.part(picture, under, { left: plot.left, right: Math.min(plot.right, from) }, theme);
    this.part(picture, under, { left: Math.max(plot.left, to), right: plot.right }, theme);
    const fine = { left: Math.max(plot.left, from), right: Math.min(plot.right, to) };
    this.part(picture, ready, fine, theme);
  }

  private part(picture: Picture, ready: Prepared, { left, right }: Part, theme: CanvasTheme): void {
    if (right <= left) {
      return;
    }
    const { scale, scrollTop, typeCode } = picture;
    const origin = scale.timeAt(left - GUTTER);
    const end = scale.timeAt(right - GUTTER);
    const rows: BoxRow[] = [];
    for (const placed of shownRows(picture)) {
      const y = placed.y - scrollTop;
      const range = ready.index.overlapping(placed.row, origin, end);
      if (picture.rows[placed.row].level === COUNTER) {
        drawCurve(
          this.context,
          theme,
          ready.tiles,
          ready.index.order.subarray(range.from, range.to),
          {
            ...{ scale, left, right, top: y, height: placed.height, gutter: GUTTER },
          },
        );
      } else {
        rows.push({ y: y + 1, height: placed.height - 2, ...range });
      }
    }
    this.renderer.draw({
      boxes: ready.boxes,
      order: ready.index.order,
      rows,
      styles: this.styles,
      origin,
      pixelsPerUnit: scale.pixelsPerNs,
      left,
      right,
      devicePixel: 1 / window.devicePixelRatio,
      dimmed: dimming(ready, typeCode),
    });
  }

  private outsideWindow({ scale, height, window }: Picture, theme: CanvasTheme): void {
    if (window === null) {
      return;
    }
    const { context } = this;
    const { from, to } = scale.pixelsOf(window);
    context.fillStyle = theme.ground;
    context.globalAlpha = 0.6;
    const left = Math.min(scale.width, Math.max(0, from));
    const right = Math.min(scale.width, Math.max(0, to));
    context.fillRect(GUTTER, 0, left, height);
    context.fillRect(GUTTER + right, 0, scale.width - right, height);
    context.globalAlpha = 1;
  }

  /** Shades the selected span through all lanes: what else ran meanwhile. */
  private selectionColumn(picture: Picture, theme: CanvasTheme): void {
    const selected = selectedBox(picture.selection);
    const span = selected === undefined ? undefined : selectedPixels(selected, picture);
    if (span !== undefined) {
      this.context.fillStyle = theme.focus;
      this.context.globalAlpha = 0.16;
      this.context.fillRect(span.left, 0, span.width, picture.height);
      this.context.globalAlpha = 1;
    }
  }

  private selectionFrame(picture: Picture, ready: Prepared, theme: CanvasTheme): void {
    const { context } = this;
    const selected = selectedBox(picture.selection);
    const span = selected === undefined ? undefined : selectedPixels(selected, picture);
    if (selected === undefined || span === undefined) {
      return;
    }
    const row = rowOfSelection(ready, selected);
    const placed = picture.layout.groups.flatMap((g) => g.rows).find((r) => r.row === row);
    if (placed === undefined) {
      return;
    }
    const { left, width } = span;
    const y = placed.y - picture.scrollTop;
    context.lineWidth = 2;
    context.strokeStyle = theme.selection;
    context.strokeRect(left - 1, y, width + 2, placed.height);
    context.lineWidth = 1;
    context.strokeStyle = theme.ground;
    context.strokeRect(left + 0.5, y + 1.5, Math.max(1, width - 1), placed.height - 3);
  }

  private gutter(picture: Picture, theme: CanvasTheme): void {
    const { layout, rows, width, height, scrollTop } = picture;
    const { context } = this;
    context.fillStyle = theme.ground;
    context.fillRect(0, 0, GUTTER - 1, height);
    context.font = theme.font;
    context.textBaseline = 'middle';
    context.textAlign = 'end';
    for (const group of layout.groups) {
      const heading = group.y - scrollTop;
      context.fillStyle = theme.ground;
      context.fillRect(0, heading, width, HEADING_HEIGHT);
      context.fillStyle = theme.line;
      context.fillRect(0, heading, width, 1);
    }
    for (const placed of shownRows(picture)) {
      const { scale, label } = rows[placed.row];
      const y = placed.y - scrollTop;
      if (scale === undefined) {
        context.fillStyle = theme.faintText;
        const at = y + placed.height / 2 + 0.5;
        context.fillText(gutterText(label), GUTTER - 8, at, GUTTER - 12);
      } else {
        drawScale(context, theme, visibleText(label), scale, {
          ...{ top: y, height: placed.height, gutter: GUTTER },
        });
      }
    }
    context.textAlign = 'start';
  }
}

/** The rows that the view shows some of. */
function shownRows({ layout, scrollTop, height }: Picture): readonly LaidOutRow[] {
  return layout.groups
    .flatMap((group) => group.rows)
    .filter((row) => row.y + row.height >= scrollTop && row.y <= scrollTop + height);
}

/** The selected span on the canvas, cut to the plot; undefined where it is out of view. */
function selectedPixels(
  selected: SelectedBox,
  { scale, width }: Picture,
): { left: number; width: number } | undefined {
  const x0 = GUTTER + scale.xOf(selected.startNs);
  const x1 = Math.max(x0 + 2, x0 + selected.durationNs * scale.pixelsPerNs);
  if (x1 < GUTTER || x0 > width) {
    return undefined;
  }
  const left = Math.max(GUTTER - 2, x0);
  return { left, width: Math.min(width + 2, x1) - left };
}

/** Row labels that fit the gutter: overlap rows say only that. */
function gutterText(label: string): string {
  return visibleText(label.replace(/^.*, (overlap \d+)$/, '$1'));
}
