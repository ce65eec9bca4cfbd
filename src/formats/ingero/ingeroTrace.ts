import { bisectRight } from 'd3-array';
import type { SqlEngine } from '../../sqlite/engine.js';
import { throwIfCancelled, type Trace, type Warning } from '../../trace/index.js';
import { accountFor, eachEventRow } from '../eventRows.js';
import { pause } from '../pause.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { middleTime, readOr } from '../sqlValues.js';
import { damagedFile } from '../sqliteTrace.js';
import { unusedTables } from '../unusedTables.js';
import { trueCounts, type TrueCounts } from './aggregates.js';
import { eachAnnotation } from './annotations.js';
import { causalChains } from './causalChains.js';
import { recordingFacts } from './facts.js';
import { HeldRows } from './heldRows.js';
import { EventLayout, IngeroRows } from './ingeroRows.js';
import { IngeroSamples } from './samples.js';
import { endsOfRecording, pausesBetweenSessions, sessionTimes } from './sessions.js';
import { SourceNames } from './sources.js';
import { IngeroStacks } from './stacks.js';

/** Tables that are read here, that only repeat others for the last minutes, or that name what else ran on the machine. */
const KNOWN_TABLES = new Set([
  'events',
  'stack_traces',
  'sources',
  'ops',
  'schema_info',
  'sessions',
  'process_names',
  'causal_chains',
  'event_aggregates',
  'annotations',
  'system_snapshots',
  'cgroup_schedstat',
  'event_aggregates_5s',
  'cgroup_metadata',
]);

/** Makes a trace of an open Ingero database. @throws TraceOpenError, SqlError */
export async function readIngeroTrace(
  engine: SqlEngine,
  source: TraceSource,
  options: ReadOptions,
  found: readonly Warning[],
): Promise<Trace> {
  const problems: Warning[] = [...found];
  const tolerant = <T>(what: string, read: () => T, otherwise: T): T =>
    readOr(read, otherwise, (damage) =>
      problems.push({
        code: 'unreadable-table',
        message: `${what} could not be read (${damage}).`,
        rows: 0,
      }),
    );
  const names = new SourceNames(engine);
  const stacks = new IngeroStacks(engine);
  const processes = tolerant('Process names', () => processNames(engine), new Map());
  const base = middleTime(engine, [{ table: 'events', column: 'timestamp' }]);
  const layout = new EventLayout(engine.columnsOf('events'), base);
  const held = new HeldRows(base);
  const events = new IngeroRows(source, layout, names, stacks, processes, held);
  const read = await eachEventRow(
    engine,
    'events',
    layout.expressions,
    (row) => events.add(row),
    options,
  );
  if (read.damage !== undefined && read.seen === 0) {
    throw damagedFile(source, read.damage);
  }
  accountFor('events', read, events.skips, problems);
  const sessions = tolerant('Sessions', () => sessionTimes(engine, base), []);
  const ends = endsOfRecording(sessions);
  const last = events.lastEnd();
  const notes = await eachAnnotation(
    engine,
    base,
    (time) => Math.min(last, ends.at(bisectRight(ends, time)) ?? last),
    (annotation) => events.annotate(annotation),
    options,
  );
  if (notes !== undefined) {
    accountFor('annotations', notes, events.skips, problems);
  }
  const { originNs, spanNs } = events.settle(base);
  options.progress?.({ stage: 'Counting what the recorder saw' });
  await pause();
  throwIfCancelled(options.signal);
  const counted = read.damage === undefined ? held : undefined;
  const unknown: TrueCounts = { rowsCounted: null, byName: [], warnings: [] };
  const counts = tolerant('Event counts', () => trueCounts(engine, names, counted), unknown);
  const chains = tolerant(
    'Causal chains',
    () => causalChains(engine, originNs, (node) => events.nodeLabel(node)),
    { markers: [], warnings: [] },
  );
  const samples = new IngeroSamples(engine, originNs, events.machines);
  tolerant('System snapshots', () => samples.readSnapshots(), undefined);
  tolerant('Scheduling of control groups', () => samples.readControlGroups(), undefined);
  const facts = tolerant('Facts of the recording', () => recordingFacts(engine), []);
  const version = tolerant('The schema version', () => schemaVersion(engine), '');
  return events.build({
    version,
    originNs,
    spanNs,
    markers: chains.markers,
    samples,
    pauses: (launches, host) => {
      const shift = Number(originNs - base);
      const own = sessions.map(({ start, end }) => ({ start: start - shift, end: end - shift }));
      return pausesBetweenSessions(own, spanNs, [launches, host]);
    },
    report: {
      rowsInFile: read.inFile + (notes?.inFile ?? 0),
      rowsCounted: counts.rowsCounted,
      countedByName: counts.byName,
      facts,
    },
    warnings: [
      ...counts.warnings,
      ...chains.warnings,
      ...unusedTables(engine, (name) => KNOWN_TABLES.has(name)),
    ],
    problems,
  });
}

function processNames(engine: SqlEngine): Map<string, string> {
  if (engine.columnsOf('process_names').length === 0) {
    return new Map();
  }
  return new Map(
    engine
      .query('SELECT pid, name FROM process_names')
      .rows.map(([pid, name]) => [String(pid), String(name)]),
  );
}

function schemaVersion(engine: SqlEngine): string {
  const { rows } = engine.query("SELECT value FROM schema_info WHERE key = 'version'");
  return rows.length > 0 ? String(rows[0][0]) : '';
}
