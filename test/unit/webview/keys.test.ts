import { describe, expect, it } from 'vitest';
import { rowAction } from '../../../webview/rowKeys.js';
import { timelineAction } from '../../../webview/timeline/keys.js';
import type { KeyPress } from '../../../webview/timeline/keys.js';

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...held,
});

describe('timelineAction', () => {
  it('pans with A, D and the arrows, zooms with W, S, plus and minus', () => {
    expect(timelineAction(press('a'))).toEqual(timelineAction(press('ArrowLeft')));
    expect(timelineAction(press('d'))).toMatchObject({ type: 'pan', share: 0.2 });
    expect(timelineAction(press('w'))).toEqual(timelineAction(press('+')));
    const zoomIn = timelineAction(press('w'));
    const zoomOut = timelineAction(press('s'));
    expect(
      zoomIn?.type === 'zoom' && zoomOut?.type === 'zoom' && zoomIn.factor * zoomOut.factor,
    ).toBeCloseTo(1);
  });

  it('is finer with Shift, whose letters are capitals', () => {
    expect(timelineAction(press('D', { shiftKey: true }))).toMatchObject({
      type: 'pan',
      share: 0.04,
    });
  });

  it('leaves Tab and every chord to the browser and VS Code', () => {
    expect(timelineAction(press('Tab'))).toBeUndefined();
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      expect(timelineAction(press('f', held))).toBeUndefined();
      expect(timelineAction(press('w', held))).toBeUndefined();
    }
  });

  it('fits, steps, changes rows, clears', () => {
    expect(timelineAction(press('Home'))).toEqual({ type: 'fit' });
    expect(timelineAction(press('0'))).toEqual({ type: 'fit' });
    expect(timelineAction(press('['))).toEqual({ type: 'step', direction: -1 });
    expect(timelineAction(press(']'))).toEqual({ type: 'step', direction: 1 });
    expect(timelineAction(press('ArrowDown'))).toEqual({ type: 'row', direction: 1 });
    expect(timelineAction(press('Escape'))).toEqual({ type: 'clear' });
    expect(timelineAction(press('F'))).toEqual({ type: 'showSelection' });
  });
});

describe('rowAction', () => {
  it('moves within the rows and stops at the ends', () => {
    expect(rowAction('ArrowDown', 3, 4)).toEqual({ type: 'focus', row: 3 });
    expect(rowAction('ArrowUp', 0, 4)).toEqual({ type: 'focus', row: 0 });
    expect(rowAction('PageDown', 1, 40)).toEqual({ type: 'focus', row: 11 });
    expect(rowAction('End', 1, 40)).toEqual({ type: 'focus', row: 39 });
    expect(rowAction('Enter', 1, 40)).toEqual({ type: 'activate' });
    expect(rowAction('x', 1, 40)).toBeUndefined();
  });
});
