import { clockNotes } from '../analysis/clockNotes.js';
import {
  NO_FIGURE,
  formatBytes,
  formatCount,
  formatCountOf,
  formatDuration,
  formatMicros,
  formatSample,
  formatShare,
} from '../analysis/format.js';
import { counterPlace } from '../analysis/laneNames.js';
import type { CallStatistics, CounterFigures, Population } from '../analysis/results.js';
import { visibleJson, visibleText } from '../analysis/visibleText.js';
import { rankRanges } from '../formats/ranks/rankChoice.js';
import type { TraceSummary } from '../session/session.js';
import { METHOD_LABELS, type RankClock } from '../trace/index.js';
import { plainTable } from './tables.js';

export const INFO_FORMATS = ['table', 'json'] as const;
export type InfoFormat = (typeof INFO_FORMATS)[number];

/** A recorder repeats its findings every few seconds: a terminal shows the first of them. */
const MARKERS_SHOWN = 5;
/** Recordings of GPU metrics have dozens of counters a GPU. */
const COUNTERS_SHOWN = 40;
/** Files without a rank number that are named. */
const UNLOADED_SHOWN = 5;

/** What a trace is and holds, before any question is asked of it. */
export function infoOutput(
  summary: TraceSummary,
  population: Population,
  format: InfoFormat,
): string {
  return format === 'json'
    ? `${visibleJson({ ...infoJson(summary), population })}\n`
    : infoText(summary, population);
}

function infoJson(summary: TraceSummary): object {
  const { report } = summary;
  return {
    trace: {
      path: summary.files.map((file) => file.path).join(', '),
      format: summary.format,
      format_label: summary.formatLabel,
      files: summary.files,
      span_ns: summary.spanNs,
      origin_ns: summary.originNs,
      epoch: summary.epoch,
      time_kind: summary.timeKind,
    },
    ranks: summary.ranks.map((rank) => ({
      rank: rank.rank,
      world_size: rank.worldSize,
      label: rank.label,
      device: rank.device,
      path: rank.path,
      clock: rank.clock === undefined ? null : clockJson(rank.clock),
    })),
    run: summary.run.map(({ rank, worldSize, label, device, path, bytes, loaded, problem }) => ({
      rank,
      world_size: worldSize,
      label,
      device,
      path,
      bytes,
      loaded,
      problem: problem ?? null,
    })),
    events: {
      gpu: summary.counts.gpu,
      api_calls: summary.counts.launches,
      ranges: summary.counts.ranges,
      host: summary.counts.host,
    },
    rows: {
      in_file: report.rowsInFile,
      read: report.rowsRead,
      counted: report.rowsCounted,
      counted_by_name: report.countedByName ?? [],
      skipped: report.skipped,
    },
    samples: {
      in_file: report.samples?.inFile ?? 0,
      read: report.samples?.read ?? 0,
    },
    counters: summary.counters.map((counter) => ({
      ...counter,
      rank: summary.ranks[counter.rank].rank,
      rank_label: summary.ranks[counter.rank].label,
    })),
    dashboard: summary.dashboard,
    missing: report.missing,
    warnings: report.warnings,
    facts: report.facts,
    markers: summary.markers,
  };
}

function counterText(summary: TraceSummary, counter: CounterFigures): string {
  const { name, unit, samples, min, max } = counter;
  const place = counterPlace({ format: summary.recordedFormat, ranks: summary.ranks }, counter);
  // Bytes are shown in a unit that fits each of the two.
  const extremes = `${formatSample(min, unit === 'bytes' ? unit : '')} to ${formatSample(max, unit)}`;
  return `${place} ${name}: ${formatCountOf(samples, 'sample')}, ${extremes}`;
}

function clockJson(clock: RankClock): object {
  return {
    against: clock.against,
    skew_ns: clock.skewNs,
    spread_ns: clock.spreadNs,
    matches: clock.matches,
    shift_ns: clock.shiftNs,
    note: clock.note,
  };
}

/** Which files of the run no figure counts. */
function unloaded({ run }: TraceSummary): [string, string][] {
  const others = run.filter((file) => !file.loaded);
  if (others.length === 0) {
    return [];
  }
  const loaded = run.filter((file) => file.loaded).map(({ rank }) => rank);
  const names = (files: typeof run): string => {
    const numbers = files.map(({ rank }) => rank);
    return numbers.every((rank) => rank >= 0 && !loaded.includes(rank))
      ? `rank ${rankRanges(numbers)}`
      : files
          .slice(0, UNLOADED_SHOWN)
          .map(({ label, name }) => (label === name ? name : `${label} (${name})`))
          .join(', ') + (files.length > UNLOADED_SHOWN ? ', …' : '');
  };
  const readable = others.filter(({ problem }) => problem === undefined);
  const unreadable = others.filter(({ problem }) => problem !== undefined);
  return [
    ['ranks loaded', `${formatCount(run.length - others.length)} of ${formatCount(run.length)}`],
    ...(readable.length === 0
      ? []
      : [['not loaded', `${names(readable)} (--ranks)`] as [string, string]]),
    ...(unreadable.length === 0 ? [] : [['not readable', names(unreadable)] as [string, string]]),
  ];
}

function percentiles(overall: CallStatistics): string {
  return [
    `p50 ${formatMicros(overall.p50_ns)} µs`,
    `p99 ${formatMicros(overall.p99_ns)} µs`,
    `max ${formatMicros(overall.max_ns)} µs`,
  ].join(', ');
}

function infoText(summary: TraceSummary, population: Population): string {
  const { report, counts, dashboard } = summary;
  const { overall } = dashboard;
  const measured = summary.timeKind === 'gpu' ? 'GPU events' : 'API calls (host time)';
  const rows: [string, string][] = [
    ...summary.files.map((file): [string, string] => [
      'file',
      `${file.path} (${formatBytes(file.bytes)})`,
    ]),
    ['format', summary.formatLabel],
    ['span', formatDuration(summary.spanNs)],
    ...summary.ranks
      // The one rank of a file that states none is the file itself.
      .filter((rank) => rank.rank >= 0 || rank.device !== '' || summary.ranks.length > 1)
      .map((rank): [string, string] => [
        'rank',
        rank.device === '' ? rank.label : `${rank.label} on ${rank.device}`,
      ]),
    ...unloaded(summary),
    ...clockNotes(summary.ranks).map((note): [string, string] => ['clock', note]),
    ['rows in file', formatCount(report.rowsInFile)],
    ['rows read', formatCount(report.rowsRead)],
    [
      'rows counted',
      report.rowsCounted === null ? 'not stated by the file' : formatCount(report.rowsCounted),
    ],
    ...report.skipped.map((skip): [string, string] => [
      'rows not read',
      `${formatCount(skip.rows)} ${skip.reason}`,
    ]),
    ['GPU events', formatCount(counts.gpu)],
    ['API calls', formatCount(counts.launches)],
    ['ranges', formatCount(counts.ranges)],
    ['host events', formatCount(counts.host)],
    ...(report.samples === undefined
      ? []
      : [
          [
            'counter samples',
            `${formatCount(report.samples.read)} of ${formatCount(report.samples.inFile)} in the file`,
          ] as [string, string],
        ]),
    ...summary.counters
      .slice(0, COUNTERS_SHOWN)
      .map((counter): [string, string] => ['counter', counterText(summary, counter)]),
    ...(summary.counters.length > COUNTERS_SHOWN
      ? [
          [
            'counters, too',
            `${formatCount(summary.counters.length - COUNTERS_SHOWN)} more; --format json lists all`,
          ] as [string, string],
        ]
      : []),
    [
      'duty cycle',
      dashboard.duty_cycle === null
        ? `${NO_FIGURE} (no GPU events)`
        : `${formatShare(dashboard.duty_cycle)} of ${summary.recordedNs < summary.spanNs ? 'the time recorded' : 'the span'}`,
    ],
    ...(overall.calls === 0 ? [] : [[measured, percentiles(overall)] as [string, string]]),
    ...population.evidence.map(({ method, calls, total_ns, share }): [string, string] => [
      method === 'none' ? 'unclassified' : `known by ${METHOD_LABELS[method]}`,
      `${formatShare(share)} of ${population.time_kind === 'gpu' ? 'GPU time' : 'host API time'}: ${formatCountOf(calls, 'call')}, ${formatDuration(total_ns)}`,
    ]),
    ...report.facts.map((fact): [string, string] => [fact.name, fact.value]),
    ...report.missing.map((what): [string, string] => ['missing', what]),
    ...report.warnings.map((warning): [string, string] => ['warning', warning.message]),
    ...summary.markers
      .slice(0, MARKERS_SHOWN)
      .map((marker): [string, string] => [
        `found at ${formatDuration(marker.time)}`,
        [marker.severity, marker.title, marker.text].filter((part) => part !== '').join(': '),
      ]),
    ...(summary.markers.length > MARKERS_SHOWN
      ? [
          [
            'found, too',
            `${formatCount(summary.markers.length - MARKERS_SHOWN)} more; --format json lists all`,
          ] as [string, string],
        ]
      : []),
  ];
  return plainTable({
    columns: [
      { header: 'what', align: 'left' },
      { header: 'value', align: 'left' },
    ],
    rows: rows.map(([what, value]) => [what, visibleText(value)]),
  });
}
