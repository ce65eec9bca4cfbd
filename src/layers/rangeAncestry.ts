import type { RangeColumns } from '../trace/index.js';

/**
 * For each range the nearest range at or above it for which `matches` holds, -1 where there is none.
 * Parents need not stand before their children, and a damaged file may hold a circle: it has no
 * ancestor beyond itself.
 * @returns one index in `ranges` a range
 */
export function nearestAncestor(
  ranges: RangeColumns,
  matches: (range: number) => boolean,
): Int32Array {
  const UNKNOWN = -2;
  const ON_PATH = -3;
  const nearest = new Int32Array(ranges.count).fill(UNKNOWN);
  /** ranges on the way up from one, of which `depth` are in use */
  const path: number[] = [];
  for (let i = 0; i < ranges.count; i++) {
    let at = i;
    let depth = 0;
    while (at >= 0 && nearest[at] === UNKNOWN) {
      if (matches(at)) {
        nearest[at] = at;
        break;
      }
      nearest[at] = ON_PATH;
      path[depth++] = at;
      at = ranges.parent[at];
    }
    const found = at < 0 || nearest[at] === ON_PATH ? -1 : nearest[at];
    while (depth > 0) {
      nearest[path[--depth]] = found;
    }
  }
  return nearest;
}
