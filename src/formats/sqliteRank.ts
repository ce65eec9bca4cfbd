import { TraceOpenError } from '../trace/index.js';
import { NO_RANK, type StatedRank, type TraceSource } from './reader.js';
import { sqliteEndRows } from './sqliteSchema.js';

/**
 * The rank that the rows of a table state in `rank` and `world_size`. Only the first and the last row
 * are looked at: where they differ the file holds several ranks, and states none of its own.
 */
export async function rankInTable(source: TraceSource, table: string): Promise<StatedRank> {
  try {
    const rows = await sqliteEndRows(source, table);
    const number = (row: (typeof rows)[number], column: string): number => {
      const value = row.get(column);
      return typeof value === 'number' && value >= 0 ? value : -1;
    };
    const [first, last] = rows.map((row) => number(row, 'rank'));
    return first !== undefined && first === last
      ? { ...NO_RANK, rank: first, worldSize: number(rows[0], 'world_size') }
      : NO_RANK;
  } catch (error) {
    if (error instanceof TraceOpenError) {
      return NO_RANK; // the damage is told when the file is read
    }
    throw error;
  }
}
