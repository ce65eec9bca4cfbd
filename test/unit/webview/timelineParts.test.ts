import { describe, expect, it } from 'vitest';
import { API_CALL, COUNTER } from '../../../src/analysis/results.js';
import type { TileSet } from '../../../src/analysis/results.js';
import { heightOf } from '../../../webview/timeline/curvePainter.js';
import { describeBox, sayBox } from '../../../webview/timeline/describeBox.js';
import { headingNote } from '../../../webview/timeline/groupHeading.js';
import {
  CURVE_HEIGHT,
  HEADING_HEIGHT,
  ROW_HEIGHT,
  foldedGroups,
  layOut,
  rowAt,
  scrolledTo,
} from '../../../webview/timeline/layout.js';
import { markerPlaces } from '../../../webview/timeline/markers.js';
import { draggedWindow } from '../../../webview/timeline/rulerDrag.js';
import { prepare } from '../../../webview/timeline/scene.js';
import { rowOfSelection, selectionOf } from '../../../webview/timeline/selectedBox.js';
import { nextBox, nextRowBox } from '../../../webview/timeline/stepping.js';
import type { Walk } from '../../../webview/timeline/stepping.js';
import { TimeScale } from '../../../webview/timeline/timeScale.js';

interface Box {
  readonly row: number;
  readonly start: number;
  readonly duration?: number;
  readonly call?: number;
  readonly calls?: number;
  readonly text?: string;
}

/** Rows as [group, level]. */
function tilesOf(rows: readonly (readonly [string, string])[], boxes: readonly Box[]): TileSet {
  const texts = [...new Set(boxes.map(({ text }) => text ?? ''))];
  return {
    window: { startNs: 0, endNs: 1000 },
    rows: rows.map(([group, level]) => ({ group, level, label: level, busy: null })),
    count: boxes.length,
    row: Uint32Array.from(boxes, ({ row }) => row),
    start: Float64Array.from(boxes, ({ start }) => start),
    duration: Float64Array.from(boxes, ({ duration }) => duration ?? 10),
    type: new Uint8Array(boxes.length),
    text: Uint32Array.from(boxes, ({ text }) => texts.indexOf(text ?? '')),
    calls: Uint32Array.from(boxes, ({ calls }) => calls ?? 1),
    call: Int32Array.from(boxes, ({ call }) => call ?? -1),
    texts,
  };
}

describe('TimeScale', () => {
  const scale = new TimeScale({ startNs: 100, endNs: 300 }, 400);

  it('maps instants to pixels and back', () => {
    expect(scale.pixelsPerNs).toBe(2);
    expect(scale.xOf(150)).toBe(100);
    expect(scale.xOf(50)).toBe(-100);
    expect(scale.timeAt(scale.xOf(271))).toBeCloseTo(271, 9);
    expect(scale.pixelsOf({ startNs: 100, endNs: 300 })).toEqual({ from: 0, to: 400 });
  });

  it('makes a window of a drag in either direction, cut to the trace', () => {
    expect(draggedWindow({ from: 100, to: 300 }, scale, 1000)).toEqual({
      startNs: 150,
      endNs: 250,
    });
    expect(draggedWindow({ from: 400, to: 0 }, scale, 280)).toEqual({ startNs: 100, endNs: 280 });
    expect(draggedWindow({ from: 100, to: 103 }, scale, 1000)).toBeUndefined();
  });

  it('gives each marker the room up to the next one later', () => {
    const places = markerPlaces([290, 110, 100, 400], scale);
    expect(places.map(({ x }) => x)).toEqual([380, 20, 0, 600]);
    expect(places.map(({ shown }) => shown)).toEqual([true, true, true, false]);
    // 600 - 380 - 2; wide enough for the whole flag; 20 - 0 - 2; none after it
    expect(places.map(({ widest }) => widest)).toEqual([218, 260, 18, 260]);
  });
});

describe('the selection among the boxes', () => {
  const tiles = tilesOf(
    [
      ['stream 7', 'layer'],
      ['stream 7', 'kernel'],
      ['stream 9', 'layer'],
    ],
    [
      { row: 0, start: 0, duration: 100, text: 'L0 Mamba' },
      { row: 1, start: 0, call: 3, calls: 5, text: 'gemm' },
      { row: 1, start: 50, call: 4, text: 'gemm' },
      { row: 2, start: 0, duration: 100, text: 'L0 Mamba' },
    ],
  );
  const ready = prepare(tiles);

  it('is the call of a box, or the span it is, and finds its row again', () => {
    const call = selectionOf(tiles, 1);
    expect(call).toEqual({ kind: 'call', call: 3, startNs: 0, durationNs: 10, merged: 5 });
    expect(rowOfSelection(ready, call)).toBe(1);
    const span = selectionOf(tiles, 3);
    expect(span).toMatchObject({ kind: 'span', text: 'L0 Mamba', group: 'stream 9' });
    // The same text at the same time in another lane is another span.
    expect(rowOfSelection(ready, span)).toBe(2);
  });

  it('has no row where its box is merged into another', () => {
    const merged = { kind: 'call', call: 99, startNs: 0, durationNs: 10, merged: 1 } as const;
    expect(rowOfSelection(ready, merged)).toBe(-1);
  });
});

describe('a counter among the boxes', () => {
  const boxes = tilesOf(
    [
      ['python3', API_CALL],
      ['stream 7', 'kernel'],
      ['cuda:0 counters', COUNTER],
      ['cuda:0 counters', COUNTER],
    ],
    [
      { row: 1, start: 0, call: 3, text: 'gemm' },
      { row: 2, start: 0, duration: 40, text: 'SMs Active (%)' },
      { row: 2, start: 40, duration: 60, calls: 12, text: 'SMs Active (%)' },
      { row: 3, start: 0, duration: 100, text: 'Memory \u202eallocated' },
    ],
  );
  const scales = [
    undefined,
    undefined,
    { unit: '%', low: 0, high: 100 },
    { unit: 'bytes', low: 0, high: 2e9 },
  ];
  const tiles: TileSet = {
    ...boxes,
    rows: boxes.rows.map((row, i) => {
      const scale = scales[i];
      return scale === undefined
        ? row
        : { ...row, scale, label: i === 2 ? 'SMs Active (%)' : 'Memory \u202eallocated' };
    }),
    curves: {
      first: 1,
      low: Float64Array.of(97, 3, 1.5e9),
      high: Float64Array.of(97, 88.5, 1.5e9),
      last: Float64Array.of(97, 40, 1.5e9),
    },
  };
  const ready = prepare(tiles);
  const layout = layOut(tiles.rows, new Set());

  it('stands below API calls where these are what is measured', () => {
    const row = (group: string, level: string) => ({ group, level, label: level, busy: null });
    const rows = [row('host counters', COUNTER), row('python3', 'host'), row('vllm', 'call')];
    expect(layOut(rows, new Set()).groups.map(({ name }) => name)).toEqual([
      'vllm',
      'host counters',
      'python3',
    ]);
  });

  it('is folded at first where many would push down what launches; as chosen from then on', () => {
    const rows = (gpus: number, each: number) =>
      Array.from({ length: gpus * each }, (_, i) => ({
        ...{ group: `cuda:${Math.floor(i / each)} counters`, level: COUNTER, label: `${i}` },
        busy: null,
      }));
    const calls = { group: 'python3', level: API_CALL, label: 'API calls', busy: 0.5 };
    const names = (of: Parameters<typeof foldedGroups>[0], chosen: [string, boolean][] = []) => [
      ...foldedGroups(of, new Map(chosen)),
    ];
    expect(names([...rows(2, 3), calls])).toEqual([]);
    expect(names([...rows(2, 4), calls])).toEqual(['cuda:0 counters', 'cuda:1 counters']);
    expect(names(rows(8, 20)), 'nothing else to see').toEqual([]);
    expect(
      names(
        [...rows(2, 4), calls],
        [
          ['cuda:1 counters', false],
          ['python3', true],
          ['gone', true],
        ],
      ),
    ).toEqual(['cuda:0 counters', 'python3']);
  });

  it('has its row below the streams and above the threads, higher than a row of boxes', () => {
    expect(layout.groups.map(({ name }) => name)).toEqual([
      'stream 7',
      'cuda:0 counters',
      'python3',
    ]);
    const [first, second] = layout.groups[1].rows;
    expect(second.y - first.y).toBe(CURVE_HEIGHT);
    expect(rowAt(layout, second.y - 1)?.row).toBe(2);
    expect(rowAt(layout, second.y + CURVE_HEIGHT - 1)?.row).toBe(3);
    expect(layout.groups[2].y).toBe(second.y + CURVE_HEIGHT);
    expect(layOut(tiles.rows, new Set(['cuda:0 counters'])).groups[1].rows).toEqual([]);
  });

  it('says its value with the unit, and what a pixel of several samples stands for', () => {
    expect(describeBox(tiles, 1)).toMatchObject({ name: 'SMs Active (%)', duration: '97 %' });
    expect(describeBox(tiles, 1).merged).toBe('');
    expect(describeBox(tiles, 2).merged).toBe(
      'the last of 12 samples in this pixel, 3 % to 88.5 %; zoom in to tell them apart',
    );
    expect(sayBox(tiles, 1)).toBe('SMs Active (%), 97 %, at 0.000 000 000 s, cuda:0 counters');
    const said = sayBox(tiles, 3);
    expect(said).toContain('1.50 GB');
    expect(said).toContain('cuda:0 counters');
    expect(said).not.toContain('\u202e');
  });

  it('is reached by the keyboard, along the curve and from row to row', () => {
    const walk = (box: number): Walk => ({
      ready,
      layout,
      viewport: { startNs: 0, endNs: 100 },
      selection: selectionOf(tiles, box),
    });
    expect(nextRowBox(walk(0), 1)).toBe(1);
    expect(nextBox(walk(1), 1)).toBe(2);
    expect(nextBox(walk(2), -1)).toBe(1);
    expect(nextRowBox(walk(1), 1)).toBe(3);
    expect(selectionOf(tiles, 2)).toMatchObject({ kind: 'span', level: COUNTER, value: '40 %' });
    expect(rowOfSelection(ready, selectionOf(tiles, 3))).toBe(3);
    expect(selectionOf(tiles, 0)).not.toHaveProperty('value');
  });

  it('is drawn between the edges of its row, 0 at its own height', () => {
    const place = { top: 100, height: CURVE_HEIGHT };
    const scale = { low: -50, high: 100 };
    expect([100, 25, 0, -50].map((value) => heightOf(value, scale, place))).toEqual([
      103, 118, 123, 133,
    ]);
  });
});

describe('an API call among the boxes', () => {
  const tiles = tilesOf(
    [
      ['stream 7', 'kernel'],
      ['thread', API_CALL],
    ],
    [
      { row: 0, start: 60, duration: 30, call: 3, text: 'gemm' },
      { row: 1, start: 0, call: 3, calls: 4, text: 'cudaGraphLaunch' },
      { row: 1, start: 20, call: 8, text: 'cudaLaunchKernel' },
      { row: 1, start: 40, text: 'cudaStreamSynchronize' },
    ],
  );
  const ready = prepare(tiles);
  const walk = (box: number): Walk => ({
    ready,
    layout: layOut(tiles.rows, new Set()),
    viewport: { startNs: 0, endNs: 100 },
    selection: selectionOf(tiles, box),
  });

  it('selects the call it launched, which is framed in its own row at its own time', () => {
    const selection = selectionOf(tiles, 1);
    expect(selection).toMatchObject({ kind: 'call', call: 3, startNs: 60, durationNs: 30 });
    expect(selection).toMatchObject({ merged: 4, launch: { text: 'cudaGraphLaunch', startNs: 0 } });
    expect(rowOfSelection(ready, selection)).toBe(0);
  });

  it('is itself never framed as the call', () => {
    // Call 8 is not in these tiles: its time is not known yet.
    const selection = selectionOf(tiles, 2);
    expect(selection).toMatchObject({ kind: 'call', call: 8, startNs: 20 });
    expect(rowOfSelection(ready, selection)).toBe(-1);
  });

  it('stays a span where it launched nothing', () => {
    expect(selectionOf(tiles, 3)).toMatchObject({ kind: 'span', text: 'cudaStreamSynchronize' });
  });

  it('keeps the keyboard in its row', () => {
    expect(nextBox(walk(1), 1)).toBe(2);
    expect(nextBox(walk(2), -1)).toBe(1);
    expect(nextRowBox(walk(1), -1)).toBe(0);
    expect(nextRowBox(walk(1), 1)).toBe(-1);
  });

  it('says what it is, and what it launched first', () => {
    expect(describeBox(tiles, 1)).toMatchObject({
      name: 'API call cudaGraphLaunch',
      layer: '',
      launched: 'launched first: gemm',
    });
    expect(describeBox(tiles, 2).launched).toBe('launched GPU work; choose it to see the first');
    expect(describeBox(tiles, 3).launched).toBe('');
    expect(describeBox(tiles, 0)).toMatchObject({ name: 'gemm', launched: '' });
  });

  it('keeps the colour of what is not measured', () => {
    const [kernel, graph, , sync] = ready.boxes.style as Uint8Array;
    expect(graph).toBe(sync);
    expect(graph).not.toBe(kernel);
  });
});

describe('the keyboard among the boxes', () => {
  const tiles = tilesOf(
    [
      ['stream 7', 'step'],
      ['stream 7', 'kernel'],
      ['thread', 'host'],
      ['stream 9', 'kernel'],
    ],
    [
      { row: 0, start: 0, duration: 400, text: 'step' },
      { row: 1, start: 20, call: 0 },
      { row: 1, start: 40, call: 1 },
      { row: 2, start: 900, text: 'far' },
      { row: 3, start: 45, call: 2 },
    ],
  );
  const layout = layOut(tiles.rows, new Set());
  const walk = (selected: number): Walk => ({
    ready: prepare(tiles),
    layout,
    viewport: { startNs: 0, endNs: 100 },
    selection: selected < 0 ? null : selectionOf(tiles, selected),
  });

  it('begins at the first call in view, from the end backwards', () => {
    expect(nextBox(walk(-1), 1)).toBe(1);
    expect(nextBox(walk(-1), -1)).toBe(2);
    expect(nextRowBox(walk(-1), -1)).toBe(1);
  });

  it('steps through a row and stops at its ends', () => {
    expect(nextBox(walk(1), 1)).toBe(2);
    expect(nextBox(walk(2), 1)).toBe(-1);
    expect(nextBox(walk(1), -1)).toBe(-1);
  });

  it('changes to the row below and above, past rows with nothing near', () => {
    expect(nextRowBox(walk(0), 1)).toBe(1);
    expect(nextRowBox(walk(2), -1)).toBe(0);
    // Lanes with kernels stand first: stream 7, stream 9, then the thread, whose box is far away.
    expect(nextRowBox(walk(2), 1)).toBe(4);
    expect(nextRowBox(walk(4), 1)).toBe(-1);
  });

  it('begins anew where the selection is far out of view', () => {
    expect(nextBox({ ...walk(1), viewport: { startNs: 800, endNs: 950 } }, 1)).toBe(3);
  });
});

describe('lanes', () => {
  const rows = ['stream 7', 'stream 7', 'stream 9'].map((group) => ({
    group,
    level: 'kernel',
    label: 'Kernels',
    busy: 0.5,
  }));
  const layout = layOut(rows, new Set());

  it('scroll as little as brings a row into view', () => {
    const last = 2 * HEADING_HEIGHT + 3 * ROW_HEIGHT;
    expect(scrolledTo(layout, 2, 0, 60)).toBe(last - 60);
    expect(scrolledTo(layout, 0, 50, 60)).toBe(0);
    expect(scrolledTo(layout, 1, 10, 60)).toBe(10);
  });

  it('stay where they are once a row is in view, however low the view is', () => {
    for (const height of [10, 18, 30, 40, 60]) {
      for (const from of [0, 40, 500]) {
        const once = scrolledTo(layout, 2, from, height);
        expect(scrolledTo(layout, 2, once, height), `${height} px from ${from}`).toBe(once);
      }
    }
  });

  it('stay where they are for a row that is folded away', () => {
    expect(scrolledTo(layOut(rows, new Set(['stream 9'])), 2, 7, 60)).toBe(7);
  });

  it('say in their heading how busy they are and what a fold hides', () => {
    expect(headingNote({ busy: 0.5, folded: false, rowCount: 2, counters: false })).toBe(
      'busy 50 %',
    );
    expect(headingNote({ busy: 0.5, folded: true, rowCount: 1, counters: false })).toBe(
      'busy 50 %, 1 row',
    );
    const folded = { busy: null, folded: true };
    expect(headingNote({ ...folded, rowCount: 3, counters: false })).toBe('3 rows');
    expect(headingNote({ ...folded, rowCount: 20, counters: true })).toBe('20 curves');
    expect(headingNote({ ...folded, rowCount: 1, counters: true })).toBe('1 curve');
  });
});
