import type { TimeWindow } from '../analysis/results.js';
import { laneNames } from '../analysis/laneNames.js';
import { rowsIn } from '../analysis/search.js';
import { visibleText } from '../analysis/visibleText.js';
import {
  FRAME,
  MODULE,
  layerTypeOf,
  measuredColumns,
  moduleName,
  pythonFrame,
  timeKindOf,
  type LayerLabels,
  type Trace,
} from '../trace/index.js';
import type { ExportPart, ExportParts } from './exportRequest.js';
import { exportedRows, rowsOf } from './exportedRows.js';
import { jsonText } from './jsonText.js';
import { TextBuffer } from './textBuffer.js';

const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';

/**
 * A trace as speedscope reads it: a profile for each stream, its time by layer type, layer, module and
 * kernel; and one for each host thread with ranges, as they nest. Where API calls are what is measured,
 * their threads take the place of streams.
 *
 * The weight of a call is its duration, so that sums are those of every other view. Time in which nothing
 * ran is a sample without a stack; where calls of a stream overlap, its profile is longer than its time by
 * as much.
 */
export function* speedscopeParts(
  trace: Trace,
  labels: LayerLabels,
  window: TimeWindow | undefined,
  writtenBy: string,
): ExportParts {
  const writing = new SpeedscopeWriting(trace, labels, window);
  yield* writing.file(writtenBy);
  return { rows: writing.rows, notes: writing.notes };
}

class SpeedscopeWriting {
  readonly rows: { what: string; rows: number }[] = [];
  readonly notes: string[] = [];
  private readonly out = new TextBuffer();
  private readonly frames = new FrameList();
  private readonly names: readonly string[];
  /** where profiles begin, ns */
  private readonly from: number;

  constructor(
    private readonly trace: Trace,
    private readonly labels: LayerLabels,
    private readonly window: TimeWindow | undefined,
  ) {
    this.names = laneNames(trace);
    this.from = window?.startNs ?? 0;
  }

  *file(writtenBy: string): Generator<ExportPart, void, undefined> {
    const { trace, out } = this;
    const calls = this.callsByLane();
    const ranges = this.rangesByLane();
    const files = (trace.kept?.sources ?? trace.files).map(({ name }) => name).join(', ');
    out.add(
      `{"$schema":"${SCHEMA}","exporter":${jsonText(writtenBy)},"name":${jsonText(shown(files))},`,
    );
    const longest = longestOf(calls, measuredColumns(trace).duration);
    out.add(`"activeProfileIndex":${Math.max(0, [...calls.keys()].indexOf(longest))},"profiles":[`);
    let isFirst = true;
    const begin = (): void => {
      out.add(isFirst ? '\n' : ',\n');
      isFirst = false;
    };
    let done = 0;
    const total = calls.size + ranges.size;
    for (const [lane, rows] of calls) {
      begin();
      yield* this.callProfile(lane, rows, done++ / total);
    }
    for (const [lane, rows] of ranges) {
      begin();
      yield* this.rangeProfile(lane, rows, done++ / total);
    }
    out.add(`],"shared":{"frames":[`);
    for (const [i, frame] of this.frames.list.entries()) {
      out.add(`${i === 0 ? '' : ','}\n${frame}`);
      if (out.isFull) {
        yield out.take('Writing frames', 1);
      }
    }
    out.add(']}}\n');
    yield out.take('Writing frames', 1);
    const kind = timeKindOf(trace) === 'gpu' ? 'GPU events' : 'API calls';
    this.rows.push({ what: kind, rows: sizeOf(calls) }, { what: 'ranges', rows: sizeOf(ranges) });
    if (total === 0) {
      this.notes.push('There is nothing to profile: no calls and no ranges start here.');
    }
  }

  private callsByLane(): Map<number, number[]> {
    const columns = measuredColumns(this.trace);
    const { from, to } = rowsIn(columns, this.window);
    const lanes = new Map<number, number[]>();
    for (let row = from; row < to; row++) {
      listOf(lanes, columns.lane[row]).push(row);
    }
    return new Map([...lanes].sort(([a], [b]) => a - b));
  }

  private rangesByLane(): Map<number, number[]> {
    const { ranges } = this.trace;
    const lanes = new Map<number, number[]>();
    for (const row of rowsOf(exportedRows(this.trace, this.window).ranges)) {
      listOf(lanes, ranges.lane[row]).push(row);
    }
    return new Map([...lanes].sort(([a], [b]) => a - b));
  }

  /** The calls of a stream as samples: the time between them is a sample of nothing. */
  private *callProfile(
    lane: number,
    rows: readonly number[],
    fraction: number,
  ): Generator<ExportPart, void, undefined> {
    const { out, trace } = this;
    const { start, duration } = measuredColumns(trace);
    const stage = `Writing ${this.names[lane]}`;
    const gaps = new Float64Array(rows.length);
    let end = this.from;
    let total = 0;
    rows.forEach((row, i) => {
      gaps[i] = Math.max(0, start[row] - end);
      end = Math.max(end, start[row] + duration[row]);
      total += gaps[i] + duration[row];
    });
    out.add(
      `{"type":"sampled","name":${jsonText(shown(this.names[lane]))},"unit":"nanoseconds","startValue":0,"endValue":${total},"samples":[`,
    );
    const parts = function* (
      text: (row: number) => string,
      gap: (ns: number) => string,
    ): Generator<ExportPart, void, undefined> {
      let isFirst = true;
      for (const [i, row] of rows.entries()) {
        const idle = gaps[i] > 0 ? `${gap(gaps[i])},` : '';
        out.add(`${isFirst ? '' : ','}${idle}${text(row)}`);
        isFirst = false;
        if (out.isFull) {
          yield out.take(stage, fraction);
        }
      }
    };
    yield* parts(
      (row) => this.callStack(row),
      () => '[]',
    );
    out.add('],"weights":[');
    yield* parts(
      (row) => String(duration[row]),
      (ns) => String(ns),
    );
    out.add(']}');
  }

  /** Layer type, layer, module, kernel: what is not known has no frame, an unclassified call says so. */
  private callStack(row: number): string {
    const { trace, labels, frames } = this;
    const { type, index, module } = labels;
    const stack = [frames.id(layerTypeOf(type[row]).label)];
    if (index[row] >= 0) {
      stack.push(frames.id(`layer ${index[row]}`));
    }
    if (module[row] !== 0) {
      stack.push(frames.id(trace.names.get(module[row])));
    }
    stack.push(frames.id(trace.names.get(measuredColumns(trace).name[row])));
    return `[${stack.join(',')}]`;
  }

  /** The ranges of a thread, opening and closing as their times nest. */
  private *rangeProfile(
    lane: number,
    rows: readonly number[],
    fraction: number,
  ): Generator<ExportPart, void, undefined> {
    const { out, trace, from } = this;
    const { start, duration } = trace.ranges;
    const stage = `Writing ${this.names[lane]}`;
    const until = rows.reduce((last, row) => Math.max(last, start[row] + duration[row]), from);
    out.add(
      `{"type":"evented","name":${jsonText(shown(this.names[lane]))},"unit":"nanoseconds","startValue":0,"endValue":${until - from},"events":[`,
    );
    let isFirst = true;
    const event = (type: 'O' | 'C', frame: number, at: number): void => {
      out.add(`${isFirst ? '' : ','}{"type":"${type}","frame":${frame},"at":${at - from}}`);
      isFirst = false;
    };
    const open: { frame: number; end: number }[] = [];
    let cut = 0;
    const closeUntil = (time: number): void => {
      for (let top = open.at(-1); top !== undefined && top.end <= time; top = open.at(-1)) {
        event('C', top.frame, top.end);
        open.pop();
      }
    };
    for (const row of rows) {
      const begins = Math.max(from, start[row]);
      closeUntil(begins);
      const around = open.at(-1)?.end ?? Infinity;
      const ends = start[row] + duration[row];
      cut += ends > around ? 1 : 0;
      const frame = this.rangeFrame(row);
      event('O', frame, begins);
      open.push({ frame, end: Math.min(ends, around) });
      if (out.isFull) {
        yield out.take(stage, fraction);
      }
    }
    closeUntil(Infinity);
    out.add(']}');
    if (cut > 0) {
      this.notes.push(
        `${cut} ranges of ${visibleText(this.names[lane])} outlast the range they began in, and end with it here: this format has nested ranges only.`,
      );
    }
  }

  private rangeFrame(row: number): number {
    const { ranges, names } = this.trace;
    const name = names.get(ranges.name[row]);
    const kind = ranges.kind[row];
    if (kind === MODULE) {
      return this.frames.id(moduleName(name));
    }
    if (kind !== FRAME) {
      return this.frames.id(name);
    }
    const frame = pythonFrame(name);
    return this.frames.id(frame.function, frame.file, frame.line);
  }
}

/** Frames by number, each once. */
class FrameList {
  readonly list: string[] = [];
  private readonly ids = new Map<string, number>();

  id(name: string, file = '', line = 0): number {
    const key = `${line} ${file}\0${name}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      const place =
        file === '' ? '' : `,"file":${jsonText(file)}${line > 0 ? `,"line":${line}` : ''}`;
      // speedscope shows nothing for a frame without a name.
      const shownName = name === '' ? '(no name)' : shown(name);
      id = this.list.push(`{"name":${jsonText(shownName)}${place}}`) - 1;
      this.ids.set(key, id);
    }
    return id;
  }
}

/** A name as it can be shown: control characters and marks that turn text around as escapes. */
function shown(name: string): string {
  return visibleText(name);
}

function listOf(lanes: Map<number, number[]>, lane: number): number[] {
  const list = lanes.get(lane) ?? [];
  lanes.set(lane, list);
  return list;
}

function longestOf(calls: ReadonlyMap<number, readonly number[]>, duration: Float64Array): number {
  let longest = -1;
  let most = -1;
  for (const [lane, rows] of calls) {
    const total = rows.reduce((sum, row) => sum + duration[row], 0);
    if (total > most) {
      [longest, most] = [lane, total];
    }
  }
  return longest;
}

function sizeOf(lanes: ReadonlyMap<number, readonly number[]>): number {
  return [...lanes.values()].reduce((sum, rows) => sum + rows.length, 0);
}
