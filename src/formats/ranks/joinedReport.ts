import type { TraceReport, Warning } from '../../trace/index.js';
import { skippedTogether } from '../rowSkips.js';

/**
 * What the reports of several parts say together: counts are sums, and what is not said by all of them has
 * the label of who says it.
 *
 * @param warnings about the whole
 */
export function joinedReport(
  reports: readonly TraceReport[],
  labels: readonly string[],
  warnings: readonly Warning[],
): TraceReport {
  const counted = reports.map((report) => report.rowsCounted);
  const samples = reports.flatMap((report) => report.samples ?? []);
  return {
    rowsInFile: reports.reduce((sum, report) => sum + report.rowsInFile, 0),
    rowsRead: reports.reduce((sum, report) => sum + report.rowsRead, 0),
    rowsCounted: counted.reduce(
      (sum, rows) => (sum === null || rows === null ? null : sum + rows),
      0,
    ),
    ...(reports.every((report) => report.countedByName !== undefined)
      ? { countedByName: reports.flatMap((report) => report.countedByName ?? []) }
      : {}),
    ...(samples.length > 0 && {
      samples: {
        inFile: samples.reduce((sum, { inFile }) => sum + inFile, 0),
        read: samples.reduce((sum, { read }) => sum + read, 0),
      },
    }),
    skipped: skippedTogether(reports.map((report) => report.skipped)),
    warnings: [
      ...warnings,
      ...reports.flatMap((report, i) =>
        report.warnings.map((warning) => ({
          ...warning,
          message: `${labels[i]}: ${warning.message}`,
        })),
      ),
    ],
    missing: commonOrNamed(
      reports.map((report) => report.missing),
      labels,
      (text, label) => `${text} (${label})`,
      (text) => text,
    ),
    facts: commonOrNamed(
      reports.map((report) => report.facts),
      labels,
      (fact, label) => ({ name: `${fact.name} (${label})`, value: fact.value }),
      (fact) => `${fact.name}\0${fact.value}`,
    ),
  };
}

/** What all parts state is said once, what some state is said with their label. */
function commonOrNamed<T>(
  lists: readonly (readonly T[])[],
  labels: readonly string[],
  named: (item: T, label: string) => T,
  key: (item: T) => string,
): T[] {
  const said = new Set<string>();
  const out: T[] = [];
  lists.forEach((list, i) => {
    for (const item of list) {
      const k = key(item);
      if (!lists.every((other) => other.some((o) => key(o) === k))) {
        out.push(named(item, labels[i]));
      } else if (!said.has(k)) {
        said.add(k);
        out.push(item);
      }
    }
  });
  return out;
}
