/**
 * Draws rows of boxes on a 2D canvas. Knows nothing of traces: a box has a position on one axis, a
 * row, a style and a text.
 */
export type BoxPattern = 'solid' | 'stripes' | 'dots' | 'cross';

export interface BoxStyle {
  readonly fill: string;
  /** colour of text and pattern on `fill` */
  readonly ink: string;
  /** outline, for themes where boxes must be told apart without colour; '' = none */
  readonly edge: string;
  readonly pattern: BoxPattern;
}

/** Columns with one entry a box. */
export interface BoxColumns {
  readonly start: Float64Array;
  readonly duration: Float64Array;
  /** index in `BoxScene.styles` */
  readonly style: ArrayLike<number>;
  /** index in `texts` */
  readonly text: Uint32Array;
  readonly texts: readonly string[];
}

/** Boxes `order[from] .. order[to - 1]`, by start, in a row at height `y`. */
export interface BoxRow {
  readonly y: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
}

export interface BoxScene {
  readonly boxes: BoxColumns;
  readonly order: Uint32Array;
  readonly rows: readonly BoxRow[];
  readonly styles: readonly BoxStyle[];
  /** value on the axis at x = `left` */
  readonly origin: number;
  readonly pixelsPerUnit: number;
  /** px: boxes are cut to [left, right] */
  readonly left: number;
  readonly right: number;
  /** px that one device pixel takes: boxes narrower than that share it, the longest is seen */
  readonly devicePixel: number;
  /** boxes to draw faintly; undefined = none */
  readonly dimmed: ((box: number) => boolean) | undefined;
}

/** px below which a box has neither gap, nor pattern, nor outline */
const PLAIN_BELOW = 4;
/** px below which no text is tried */
const TEXT_FROM = 26;
const TEXT_PADDING = 4;
const DIMMED_ALPHA = 0.22;

export class BoxRenderer {
  private readonly patterns = new Map<string, CanvasPattern | null>();
  private readonly widths = new Map<string, number>();
  private font = '';

  constructor(private readonly context: CanvasRenderingContext2D) {}

  /** Forgets what depends on the theme or the device's pixels. */
  reset(font: string): void {
    this.patterns.clear();
    this.widths.clear();
    this.font = font;
  }

  draw(scene: BoxScene): void {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(scene.left, 0, scene.right - scene.left, context.canvas.height);
    context.clip();
    context.font = this.font;
    context.textBaseline = 'middle';
    context.direction = 'ltr';
    for (const row of scene.rows) {
      this.drawRow(scene, row);
    }
    context.restore();
  }

  private drawRow(scene: BoxScene, row: BoxRow): void {
    const { context } = this;
    const { start, duration, style, text, texts } = scene.boxes;
    const pixel = scene.devicePixel;
    // Of the boxes within one device pixel only the longest is drawn, when the pixel is left.
    let slot = -1;
    let longest = -1;
    const flush = () => {
      if (longest >= 0) {
        this.fill(scene, longest, slot * pixel, pixel, row);
        longest = -1;
      }
    };
    for (let i = row.from; i < row.to; i++) {
      const box = scene.order[i];
      const x0 = scene.left + (start[box] - scene.origin) * scene.pixelsPerUnit;
      const x1 = x0 + duration[box] * scene.pixelsPerUnit;
      if (x1 < scene.left || x0 > scene.right) {
        continue;
      }
      const from = Math.max(x0, scene.left - 2);
      const to = Math.min(x1, scene.right + 2);
      if (to - from <= pixel) {
        const at = Math.floor(from / pixel);
        if (at !== slot) {
          flush();
          slot = at;
        }
        if (longest < 0 || duration[box] > duration[longest]) {
          longest = box;
        }
        continue;
      }
      flush();
      // A gap of a pixel tells neighbours apart; without it edges stay on the grid of pixels.
      const wide = to - from >= PLAIN_BELOW;
      const left = wide ? from : Math.round(from / pixel) * pixel;
      const width = wide ? to - from - 1 : Math.max(pixel, Math.round((to - left) / pixel) * pixel);
      this.fill(scene, box, left, width, row);
      if (wide) {
        const look = scene.styles[style[box]];
        this.decorate(look, left, row, width);
        if (width >= TEXT_FROM && scene.dimmed?.(box) !== true) {
          this.write(texts[text[box]], look, left, row, width, scene.left);
        }
      }
    }
    flush();
    context.globalAlpha = 1;
  }

  private fill(scene: BoxScene, box: number, x: number, width: number, row: BoxRow): void {
    const { context } = this;
    context.globalAlpha = scene.dimmed?.(box) === true ? DIMMED_ALPHA : 1;
    context.fillStyle = scene.styles[scene.boxes.style[box]].fill;
    context.fillRect(x, row.y, width, row.height);
  }

  private decorate(look: BoxStyle, x: number, row: BoxRow, width: number): void {
    const { context } = this;
    if (look.pattern !== 'solid') {
      const pattern = this.pattern(look);
      if (pattern !== null) {
        context.fillStyle = pattern;
        context.fillRect(x, row.y, width, row.height);
      }
    }
    if (look.edge !== '') {
      context.strokeStyle = look.edge;
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, row.y + 0.5, width - 1, row.height - 1);
    }
  }

  private write(
    text: string,
    look: BoxStyle,
    x: number,
    row: BoxRow,
    width: number,
    left: number,
  ): void {
    // A box that begins before the view keeps its text in sight.
    const at = Math.max(x, left) + TEXT_PADDING;
    const room = x + width - TEXT_PADDING - at;
    const shown = this.fitted(text, room);
    if (shown === '') {
      return;
    }
    if (look.pattern !== 'solid') {
      // Text over a pattern is hard to read: a plain ground under it.
      this.context.fillStyle = look.fill;
      this.context.fillRect(at - 2, row.y + 2, this.widthOf(shown) + 4, row.height - 4);
    }
    this.context.fillStyle = look.ink;
    this.context.fillText(shown, at, row.y + row.height / 2 + 0.5);
  }

  /** The text, its middle left out where it is too wide; '' where nothing readable fits. */
  private fitted(text: string, room: number): string {
    const width = this.widthOf(text);
    if (width <= room) {
      return text;
    }
    // A guess by the mean width of a character; wide ones take another try or two.
    for (let keep = Math.floor((text.length * room) / width) - 1; keep >= 3; keep--) {
      const head = Math.ceil(keep / 2);
      const shown = `${text.slice(0, head)}…${text.slice(text.length - (keep - head))}`;
      if (this.widthOf(shown) <= room) {
        return shown;
      }
    }
    return '';
  }

  private widthOf(text: string): number {
    const known = this.widths.get(text);
    if (known !== undefined) {
      return known;
    }
    if (this.widths.size > 20_000) {
      this.widths.clear();
    }
    const width = this.context.measureText(text).width;
    this.widths.set(text, width);
    return width;
  }

  private pattern(look: BoxStyle): CanvasPattern | null {
    const key = `${look.pattern} ${look.ink}`;
    const known = this.patterns.get(key);
    if (known !== undefined) {
      return known;
    }
    const pattern = this.context.createPattern(patternTile(look), 'repeat');
    this.patterns.set(key, pattern);
    return pattern;
  }
}

/** A small picture of the pattern, transparent between its lines. */
function patternTile(look: BoxStyle): HTMLCanvasElement {
  const size = look.pattern === 'dots' ? 5 : 8;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const context = tile.getContext('2d');
  if (context === null) {
    return tile;
  }
  context.globalAlpha = 0.42;
  context.strokeStyle = look.ink;
  context.fillStyle = look.ink;
  context.lineWidth = 1.4;
  if (look.pattern === 'dots') {
    context.fillRect(1, 1, 1.6, 1.6);
    return tile;
  }
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
    if (look.pattern === 'cross') {
      context.moveTo(shift, 0);
      context.lineTo(shift + size, size);
    }
  }
  context.stroke();
  return tile;
}
