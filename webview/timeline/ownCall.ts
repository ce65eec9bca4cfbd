import { API_CALL } from '../../src/analysis/results.js';
import type { TileSet } from '../../src/analysis/results.js';

/** Whether a box is that of a measured call, and not of the API call that launched one. */
export function isOwnCall(tiles: TileSet, box: number): boolean {
  return tiles.call[box] >= 0 && tiles.rows[tiles.row[box]].level !== API_CALL;
}

/** The call that the API call of a box launched first; -1 for other boxes, or where it launched none. */
export function launchedBy(tiles: TileSet, box: number): number {
  return isOwnCall(tiles, box) ? -1 : tiles.call[box];
}

/** The box of a call itself; -1 where it is out of the tiles or merged into another. */
export function boxOfCall(tiles: TileSet, call: number): number {
  for (let box = 0; box < tiles.count; box++) {
    if (tiles.call[box] === call && isOwnCall(tiles, box)) {
      return box;
    }
  }
  return -1;
}
