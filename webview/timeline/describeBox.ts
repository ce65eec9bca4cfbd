import { API_CALL, COUNTER } from '../../src/analysis/results.js';
import type { TileSet } from '../../src/analysis/results.js';
import { formatCount, formatDuration, formatSample } from '../../src/analysis/format.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { layerTypeOf, UNCLASSIFIED } from '../../src/trace/index.js';
import { isOwnCall, boxOfCall, launchedBy } from './ownCall.js';
import { formatInstant } from './ruler.js';

/** What tooltip, details and screen reader say of a box. */
export interface BoxWords {
  readonly name: string;
  readonly layer: string;
  /** of a counter: its value */
  readonly duration: string;
  readonly start: string;
  /** what the API call of the box launched; '' for other boxes, or where it launched nothing */
  readonly launched: string;
  /** what the box stands for beside itself; '' where it is one call or no call */
  readonly merged: string;
}

export function describeBox(tiles: TileSet, box: number): BoxWords {
  return tiles.rows[tiles.row[box]].level === COUNTER
    ? describePoint(tiles, box)
    : describeCall(tiles, box);
}

/** The value of a counter from its sample on; undefined for boxes that are no point of a curve. */
export function valueOf(tiles: TileSet, box: number): string | undefined {
  const { scale } = tiles.rows[tiles.row[box]];
  return tiles.curves === undefined || scale === undefined
    ? undefined
    : formatSample(tiles.curves.last[box - tiles.curves.first], scale.unit);
}

function describePoint(tiles: TileSet, box: number): BoxWords {
  const { label, scale } = tiles.rows[tiles.row[box]];
  const { curves } = tiles;
  const samples = tiles.calls[box];
  const value = (of: Float64Array | undefined): string =>
    formatSample(of?.[box - (curves?.first ?? 0)] ?? NaN, scale?.unit ?? '');
  return {
    name: visibleText(label),
    layer: '',
    duration: value(curves?.last),
    start: `at ${formatInstant(tiles.start[box])}`,
    launched: '',
    merged:
      samples > 1
        ? `the last of ${formatCount(samples)} samples in this pixel, ${value(curves?.low)} to ${value(curves?.high)}; zoom in to tell them apart`
        : '',
  };
}

function describeCall(tiles: TileSet, box: number): BoxWords {
  const calls = tiles.calls[box];
  const code = tiles.type[box];
  const level = tiles.rows[tiles.row[box]].level;
  const name = visibleText(tiles.texts[tiles.text[box]]) || `(${level} without a name)`;
  return {
    name: level === API_CALL ? `API call ${name}` : name,
    layer: code !== UNCLASSIFIED || isOwnCall(tiles, box) ? layerTypeOf(code).label : '',
    duration: formatDuration(tiles.duration[box]),
    start: `at ${formatInstant(tiles.start[box])}`,
    launched: launchedText(tiles, launchedBy(tiles, box)),
    merged:
      calls > 1
        ? `the longest of ${formatCount(calls)} in this pixel; zoom in to tell them apart`
        : '',
  };
}

/** A graph launch launches many calls: the first one is said to be just that. */
function launchedText(tiles: TileSet, call: number): string {
  if (call < 0) {
    return '';
  }
  const own = boxOfCall(tiles, call);
  return own < 0
    ? 'launched GPU work; choose it to see the first'
    : `launched first: ${visibleText(tiles.texts[tiles.text[own]])}`;
}

/** One sentence for the live region. */
export function sayBox(tiles: TileSet, box: number): string {
  const words = describeBox(tiles, box);
  const row = tiles.rows[tiles.row[box]];
  return [
    words.name,
    words.layer,
    words.duration,
    words.start,
    words.launched,
    words.merged,
    // A counter's row is called what the counter is.
    visibleText(row.level === COUNTER ? row.group : `${row.label}, ${row.group}`),
  ]
    .filter((part) => part !== '')
    .join(', ');
}
