import { UNCLASSIFIED, type LayerLabels, type Trace } from '../trace/index.js';
import { counterRows, type BuiltCurve } from './counterRows.js';
import type { TileRequest, TileSet } from './results.js';
import { checkWindow } from './search.js';
import { timelineRows } from './timelineRows.js';
import type { BuiltRow } from './timelineRows.js';

/** Wider than any screen; more would only be a way to ask for everything. */
const MOST_PIXELS = 65_536;
/** Of all curves together: 22 MB. Traces of more counters get their curves in wider pixels. */
const MOST_POINTS = 500_000;

/**
 * The timeline of a trace. Its rows are built once; a request then costs as much as the boxes it
 * gives, however many events the trace has.
 */
export class Timeline {
  private readonly rows: readonly BuiltRow[];
  private readonly curves: readonly BuiltCurve[];

  constructor(trace: Trace, labels: LayerLabels) {
    this.rows = timelineRows(trace, labels);
    this.curves = counterRows(trace);
  }

  /**
   * Boxes of all rows in a window. An event that began before the window and reaches into it is among
   * them.
   *
   * @throws RangeError for a window that ends before it starts, or a number of pixels not from 1 to 65,536
   */
  tiles(request: TileRequest): TileSet {
    checkWindow(request);
    const { startNs, endNs, pixels } = request;
    if (!(pixels >= 1 && pixels <= MOST_PIXELS)) {
      throw new RangeError(`a timeline has 1 to ${MOST_PIXELS} pixels, not ${pixels}`);
    }
    const window = { startNs, endNs };
    const pixelNs = (endNs - startNs) / pixels;
    const row: number[] = [];
    const start: number[] = [];
    const duration: number[] = [];
    const type: number[] = [];
    const text: number[] = [];
    const calls: number[] = [];
    const call: number[] = [];
    const texts = new Map<string, number>();
    const idOf = (label: string): number => {
      let id = texts.get(label);
      if (id === undefined) {
        id = texts.size;
        texts.set(label, id);
      }
      return id;
    };
    this.rows.forEach(({ boxes, face }, rowIndex) => {
      boxes.visible(window, pixelNs, (box, merged) => {
        const tableRow = boxes.tableRow(box);
        row.push(rowIndex);
        start.push(boxes.startOf(box));
        duration.push(boxes.durationOf(box));
        type.push(face.type(tableRow));
        text.push(idOf(face.text(tableRow)));
        calls.push(merged);
        call.push(face.call(tableRow));
      });
    });
    const first = row.length;
    const low: number[] = [];
    const high: number[] = [];
    const last: number[] = [];
    const wider = Math.max(1, Math.ceil((this.curves.length * pixels) / MOST_POINTS));
    this.curves.forEach(({ row: about, curve }, i) => {
      const textId = idOf(about.label);
      curve.visible(window, pixelNs * wider, (point) => {
        row.push(this.rows.length + i);
        start.push(point.start);
        duration.push(point.end - point.start);
        type.push(UNCLASSIFIED);
        text.push(textId);
        calls.push(point.samples);
        call.push(-1);
        low.push(point.low);
        high.push(point.high);
        last.push(point.last);
      });
    });
    return {
      window,
      rows: [...this.rows, ...this.curves].map((built) => built.row),
      count: row.length,
      row: Uint32Array.from(row),
      start: Float64Array.from(start),
      duration: Float64Array.from(duration),
      type: Uint8Array.from(type),
      text: Uint32Array.from(text),
      calls: Uint32Array.from(calls),
      call: Int32Array.from(call),
      texts: [...texts.keys()],
      ...(this.curves.length > 0 && {
        curves: {
          first,
          low: Float64Array.from(low),
          high: Float64Array.from(high),
          last: Float64Array.from(last),
        },
      }),
    };
  }
}
