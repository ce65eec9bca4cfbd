import type { TimeWindow } from '../analysis/results.js';

export const CSV_TABLES = ['gpu', 'launches', 'ranges', 'host', 'counters'] as const;
export type CsvTable = (typeof CSV_TABLES)[number];

/** What other programs read. */
export const EXPORT_TARGETS = ['chrome', 'csv', 'speedscope'] as const;
export type ExportTarget = (typeof EXPORT_TARGETS)[number];

/** What a trace is to be written as; plain data. */
export interface ExportRequest {
  /** 'database': the whole trace as Layerscope opens it fastest */
  readonly to: ExportTarget | 'database';
  /** of CSV; GPU events where it is not said, API calls where the trace has no others */
  readonly table?: CsvTable;
  /** only what starts in it, and what was open around it; the whole trace where it is not said */
  readonly window?: TimeWindow;
  /** packed with gzip */
  readonly gzip?: boolean;
  /** who writes: "layerscope 0.1.0" */
  readonly writtenBy: string;
}

/** Rows an export holds, and what was left out, changed or is not in it; for people. */
export interface ExportReport {
  readonly rows: readonly { readonly what: string; readonly rows: number }[];
  readonly notes: readonly string[];
}

/** A piece of an export on its way. */
export interface ExportPart {
  /** none where only progress is told */
  readonly bytes?: Uint8Array;
  /** "Writing GPU events" */
  readonly stage: string;
  /** 0 to 1 */
  readonly fraction: number;
}

/** Gives an export piece by piece, so that no more than a piece is in memory, and what it came to. */
export type ExportParts = Generator<ExportPart, ExportReport, undefined>;
