import { describe, expect, it } from 'vitest';
import { BoxRenderer } from '../../../webview/boxes/boxRenderer.js';
import type { BoxScene, BoxStyle } from '../../../webview/boxes/boxRenderer.js';
import { GROUNDS, contrastRatio } from '../../../webview/palette.js';
import type { ThemeKind } from '../../../webview/palette.js';
import { sceneStyles } from '../../../webview/timeline/scene.js';

interface Drawn {
  readonly fill: string;
  readonly x: number;
  readonly width: number;
  readonly alpha: number;
}

/** The part of a canvas the renderer uses, noting what it is told. A character is 6 px wide. */
function recordingCanvas() {
  const rects: Drawn[] = [];
  const texts: { text: string; x: number }[] = [];
  const context = {
    canvas: { height: 100 },
    fillStyle: '',
    globalAlpha: 1,
    save: () => undefined,
    restore: () => undefined,
    beginPath: () => undefined,
    rect: () => undefined,
    clip: () => undefined,
    strokeRect: () => undefined,
    measureText: (text: string) => ({ width: text.length * 6 }),
    fillText: (text: string, x: number) => texts.push({ text, x }),
    fillRect(x: number, _y: number, width: number) {
      rects.push({ fill: this.fillStyle, x, width, alpha: this.globalAlpha });
    },
  };
  return { rects, texts, context: context as unknown as CanvasRenderingContext2D };
}

const style = (fill: string): BoxStyle => ({ fill, ink: '#000', edge: '', pattern: 'solid' });

function scene(
  boxes: readonly (readonly [start: number, duration: number, style: number])[],
  texts: readonly string[] = [''],
): BoxScene {
  return {
    boxes: {
      start: Float64Array.from(boxes, ([start]) => start),
      duration: Float64Array.from(boxes, ([, duration]) => duration),
      style: Uint8Array.from(boxes, ([, , s]) => s),
      text: new Uint32Array(boxes.length),
      texts,
    },
    order: Uint32Array.from(boxes, (_, i) => i),
    rows: [{ y: 0, height: 16, from: 0, to: boxes.length }],
    styles: [style('red'), style('blue')],
    origin: 0,
    pixelsPerUnit: 1,
    left: 0,
    right: 1000,
    devicePixel: 1,
    dimmed: undefined,
  };
}

describe('BoxRenderer', () => {
  it('draws the longest of the boxes within one pixel, and one rectangle a pixel', () => {
    const { rects, context } = recordingCanvas();
    new BoxRenderer(context).draw(
      scene([
        [10.1, 0.1, 0],
        [10.3, 0.3, 1],
        [10.7, 0.1, 0],
        [11.2, 0.1, 0],
      ]),
    );
    expect(rects).toEqual([
      { fill: 'blue', x: 10, width: 1, alpha: 1 },
      { fill: 'red', x: 11, width: 1, alpha: 1 },
    ]);
  });

  it('never drops a box: one of no duration still takes a pixel', () => {
    const { rects, context } = recordingCanvas();
    new BoxRenderer(context).draw(scene([[500, 0, 1]]));
    expect(rects).toEqual([{ fill: 'blue', x: 500, width: 1, alpha: 1 }]);
  });

  it('leaves out what is outside the plot and cuts what reaches into it', () => {
    const { rects, context } = recordingCanvas();
    new BoxRenderer(context).draw(
      scene([
        [-50, 10, 0],
        [-5, 100, 1],
        [2000, 10, 0],
      ]),
    );
    expect(rects).toHaveLength(1);
    expect(rects[0].x).toBeGreaterThanOrEqual(-2);
    expect(rects[0].x + rects[0].width).toBeLessThanOrEqual(95);
  });

  it('writes a text only where it fits, its middle left out where it is too long', () => {
    const long = 'ncclDevKernel_AllToAll_RING_LL';
    const write = (width: number) => {
      const { texts, context } = recordingCanvas();
      new BoxRenderer(context).draw(scene([[100, width, 0]], [long]));
      return texts.map(({ text }) => text);
    };
    expect(write(400)).toEqual([long]);
    expect(write(20)).toEqual([]);
    const [short] = write(100);
    expect(short).toMatch(/^ncc.*….*_LL$/);
    expect(short.length * 6).toBeLessThanOrEqual(92);
  });

  it('keeps the text of a box that began before the view in sight', () => {
    const { texts, context } = recordingCanvas();
    new BoxRenderer(context).draw(scene([[-500, 900, 0]], ['step']));
    expect(texts).toEqual([{ text: 'step', x: 4 }]);
  });

  it('draws faintly what is not asked for', () => {
    const { rects, context } = recordingCanvas();
    new BoxRenderer(context).draw({
      ...scene([
        [0, 10, 0],
        [20, 10, 1],
      ]),
      dimmed: (box) => box === 0,
    });
    expect(rects[0].alpha).toBeLessThan(0.5);
    expect(rects[1].alpha).toBe(1);
  });
});

describe('styles of the scene', () => {
  it.each(Object.keys(GROUNDS) as ThemeKind[])('the neutral one is legible too: %s', (theme) => {
    const neutral = sceneStyles(theme).at(-1);
    expect(contrastRatio(neutral?.fill ?? '#000000', GROUNDS[theme])).toBeGreaterThanOrEqual(3);
    expect(
      contrastRatio(neutral?.ink ?? '#000000', neutral?.fill ?? '#000000'),
    ).toBeGreaterThanOrEqual(4.5);
  });
});
