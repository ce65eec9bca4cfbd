import type { FormatId, RecordedTime, TimedColumns, Trace } from './columns.js';
import type { LayerLabels } from './labels.js';

/** 'gpu': durations are time on a GPU. 'host_api': durations are time inside API calls on the host. */
export type TimeKind = 'gpu' | 'host_api';

/**
 * What an analysis counts. A trace with GPU events is measured by them. A trace that has only API
 * calls (Ingero) is measured by those, and says so: host time is never added to GPU time.
 */
export interface Calls {
  readonly timeKind: TimeKind;
  readonly columns: TimedColumns;
  readonly labels: LayerLabels;
}

export function timeKindOf(trace: Trace): TimeKind {
  return trace.gpu.count === 0 && trace.launches.count > 0 ? 'host_api' : 'gpu';
}

/** The table `timeKindOf` chooses; labels are made for exactly this table. */
export function measuredColumns(trace: Trace): TimedColumns {
  return timeKindOf(trace) === 'gpu' ? trace.gpu : trace.launches;
}

/**
 * Whether a recorder keeps only part of the events it sees: Ingero drops events and counts them. Every
 * other format has a row for each event it recorded, so there the rows are the count.
 */
export function keepsPartOfEvents(format: FormatId): boolean {
  return format === 'ingero';
}

/** ns in which the recorder ran: the trace's span without the pauses between its sessions. */
export function recordedNs({ recorded, spanNs }: Trace): number {
  return recorded === undefined
    ? spanNs
    : recorded.reduce((sum, { start, end }) => sum + (end - start), 0);
}

/** ns of a window in which a rank was recorded: all of it, unless the run was recorded several times. */
export function recordedInWindow(
  { recorded }: { readonly recorded?: RecordedTime },
  { startNs, endNs }: { readonly startNs: number; readonly endNs: number },
): number {
  return recorded === undefined
    ? endNs - startNs
    : Math.max(0, Math.min(endNs, recorded.end) - Math.max(startNs, recorded.start));
}

/**
 * How many calls of the measured table the recorder saw, kept in the file or not; null where the
 * file does not tell it of all of them. Counts of other events (scheduler, network) are no part of
 * it: they would be set against calls.
 */
export function countedCalls(trace: Trace): number | null {
  const measured = measuredColumns(trace).count;
  if (!keepsPartOfEvents(trace.format)) {
    return measured;
  }
  const table = timeKindOf(trace) === 'gpu' ? 'gpu' : 'launches';
  let rows = 0;
  let counted = 0;
  for (const kind of trace.report.countedByName ?? []) {
    if (kind.table === table) {
      if (kind.counted === null) {
        return null;
      }
      rows += kind.rows;
      counted += kind.counted;
    }
  }
  // Kinds of call that the file counts nowhere leave the sum unknown.
  return measured > 0 && rows === measured ? counted : null;
}

/** Calls of one name: those the file holds, and those the recorder saw; null where the file does not say. */
export interface NameCount {
  readonly rows: number;
  readonly counted: number | null;
}

/** `countedCalls` by name id. A name that the file counts nowhere is not in it. */
export function countedCallsByName(trace: Trace): ReadonlyMap<number, NameCount> {
  const table = timeKindOf(trace) === 'gpu' ? 'gpu' : 'launches';
  const byName = new Map<number, NameCount>();
  for (const kind of trace.report.countedByName ?? []) {
    const name = trace.names.find(kind.name);
    if (kind.table === table && name !== undefined) {
      const before = byName.get(name) ?? { rows: 0, counted: 0 };
      byName.set(name, {
        rows: before.rows + kind.rows,
        counted:
          before.counted === null || kind.counted === null ? null : before.counted + kind.counted,
      });
    }
  }
  return byName;
}
