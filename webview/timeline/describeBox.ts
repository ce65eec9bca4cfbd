import { API_CALL } from '../../src/analysis/results.js';
import type { TileSet } from '../../src/analysis/results.js';
import { formatCount, formatDuration } from '../../src/analysis/format.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { layerTypeOf, UNCLASSIFIED } from '../../src/trace/index.js';
import { isOwnCall, boxOfCall, launchedBy } from './ownCall.js';
import { formatInstant } from './ruler.js';

/** What tooltip, details and screen reader say of a box. */
export interface BoxWords {
  readonly name: string;
  readonly layer: string;
  readonly duration: string;
  readonly start: string;
  /** what the API call of the box launched; '' for other boxes, or where it launched nothing */
  readonly launched: string;
  /** what the box stands for beside itself; '' where it is one call or no call */
  readonly merged: string;
}

export function describeBox(tiles: TileSet, box: number): BoxWords {
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
    visibleText(`${row.label}, ${row.group}`),
  ]
    .filter((part) => part !== '')
    .join(', ');
}
