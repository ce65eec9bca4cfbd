import { describe, expect, it } from 'vitest';
import type { TileSet } from '../../../src/analysis/results.js';
import { BoxIndex } from '../../../webview/timeline/boxIndex.js';
import { layOut, neighbourRow, rowAt } from '../../../webview/timeline/layout.js';
import { sayBox } from '../../../webview/timeline/describeBox.js';

/** Boxes as [row, start, duration], in any order. */
function tilesOf(rowCount: number, boxes: readonly (readonly [number, number, number])[]): TileSet {
  return {
    window: { startNs: 0, endNs: 1e6 },
    rows: Array.from({ length: rowCount }, (_, i) => ({
      group: 'cuda:0 stream 7',
      level: 'kernel',
      label: i === 0 ? 'Kernels' : `Kernels, overlap ${i}`,
      busy: null,
    })),
    count: boxes.length,
    row: Uint32Array.from(boxes, ([row]) => row),
    start: Float64Array.from(boxes, ([, start]) => start),
    duration: Float64Array.from(boxes, ([, , duration]) => duration),
    type: new Uint8Array(boxes.length).fill(1),
    text: new Uint32Array(boxes.length),
    calls: new Uint32Array(boxes.length).fill(1),
    call: Int32Array.from(boxes, (_, i) => i),
    texts: ['evil\u202ekernel'],
  };
}

describe('BoxIndex', () => {
  /** rows of random boxes that do not overlap, shuffled */
  const random = (seed: number) => {
    let state = seed;
    return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  };
  const next = random(7);
  const boxes: [number, number, number][] = [];
  for (let row = 0; row < 4; row++) {
    for (let at = 0; at < 1000;) {
      const duration = Math.floor(next() * 12);
      at += Math.floor(next() * 9);
      boxes.push([row, at, duration]);
      at += duration + 1;
    }
  }
  boxes.sort(() => next() - 0.5);
  const index = new BoxIndex(tilesOf(4, boxes));

  it('finds what a plain search over all boxes finds', () => {
    for (let i = 0; i < 300; i++) {
      const row = Math.floor(next() * 4);
      const from = Math.floor(next() * 1000);
      const to = from + 1 + Math.floor(next() * 60);
      const found = index.overlapping(row, from, to);
      const expected = boxes
        .map(([r, start, duration], box) => ({ r, start, end: start + duration, box }))
        .filter(
          (b) =>
            b.r === row && ((b.start >= from && b.start < to) || (b.start < from && b.end > from)),
        )
        .sort((a, b) => a.start - b.start)
        .map((b) => b.box);
      expect([...index.order.subarray(found.from, found.to)]).toEqual(expected);
    }
  });

  it('hits the box under an instant, and the nearest within the slack', () => {
    const few = new BoxIndex(
      tilesOf(2, [
        [0, 100, 50],
        [0, 300, 0],
        [1, 0, 1000],
      ]),
    );
    expect(few.at(0, 120, 0)).toBe(0);
    expect(few.at(0, 160, 5)).toBe(-1);
    expect(few.at(0, 153, 5)).toBe(0);
    expect(few.at(0, 297, 5)).toBe(1);
    expect(few.at(1, 297, 5)).toBe(2);
  });

  it('steps through a row in time order and stops at its ends', () => {
    const few = new BoxIndex(
      tilesOf(2, [
        [0, 300, 5],
        [0, 100, 5],
        [1, 200, 5],
      ]),
    );
    expect(few.step(0, 100, 1)).toBe(0);
    expect(few.step(0, 300, 1)).toBe(-1);
    expect(few.step(0, 300, -1)).toBe(1);
    expect(few.step(0, 100, -1)).toBe(-1);
  });

  it('shows direction overrides in names as escapes', () => {
    const said = sayBox(tilesOf(1, [[0, 3_204_118_250, 12_400_000]]), 0);
    expect(said).toContain('evil\\u202ekernel');
    expect(said).not.toContain('\u202e');
    expect(said).toContain('Mamba SSM');
    expect(said).toContain('12.4 ms');
    expect(said).toContain('3.204 118 250 s');
  });
});

describe('layOut', () => {
  const row = (group: string, level: string) => ({ group, level, label: level, busy: 0.25 });
  const rows = [
    row('thread 1', 'host'),
    row('python3', 'annotation'),
    row('python3', 'call'),
    row('stream 7', 'layer'),
    row('stream 7', 'kernel'),
  ];

  it('puts lanes with kernels first, then those with API calls', () => {
    const { groups } = layOut(rows, new Set());
    expect(groups.map((group) => group.name)).toEqual(['stream 7', 'python3', 'thread 1']);
    expect(groups[0].rows.map((placed) => placed.row)).toEqual([3, 4]);
  });

  it('folds a lane to its heading and shortens the whole', () => {
    const open = layOut(rows, new Set());
    const folded = layOut(rows, new Set(['python3']));
    expect(folded.groups[1]).toMatchObject({ folded: true, rows: [], rowCount: 2, busy: 0.25 });
    expect(folded.height).toBeLessThan(open.height);
  });

  it('finds the row at a height and the rows above and below', () => {
    const layout = layOut(rows, new Set());
    const last = layout.groups[2].rows[0];
    expect(rowAt(layout, last.y + 1)?.row).toBe(0);
    expect(rowAt(layout, layout.groups[2].y + 1)).toBeUndefined();
    expect(neighbourRow(layout, 4, 1)).toBe(1);
    expect(neighbourRow(layout, 3, -1)).toBe(3);
  });
});
