import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { SqlEngine, SqlValue } from '../../../src/sqlite/engine.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import {
  ANNOTATION,
  GPU_KINDS,
  HOST_KINDS,
  KERNEL,
  MEMCPY,
  MEMSET,
  OP,
  type Trace,
} from '../../../src/trace/index.js';
import { sum } from './reading.js';

const KINDS: readonly (readonly [kind: number, table: string])[] = [
  [KERNEL, 'CUPTI_ACTIVITY_KIND_KERNEL'],
  [MEMCPY, 'CUPTI_ACTIVITY_KIND_MEMCPY'],
  [MEMSET, 'CUPTI_ACTIVITY_KIND_MEMSET'],
  [GPU_KINDS.indexOf('graph'), 'CUPTI_ACTIVITY_KIND_GRAPH_TRACE'],
];
const RUNTIME = 'CUPTI_ACTIVITY_KIND_RUNTIME';
/** Rows whose times can be shown. */
const TIMED = '"end" >= start AND ("end" <> 0 OR start <> 0)';
const CALL = 'r.eventClass <> 67';
/** The call of the GPU event `g`. */
const LAUNCH = `r.correlationId = g.correlationId AND (r.globalTid >> 24) = (g.globalPid >> 24) AND ${CALL}`;

/** Plain SQL over the original file, in memory, with indexes that only make it quick. */
class Plain {
  constructor(private readonly engine: SqlEngine) {
    if (this.has(RUNTIME)) {
      engine.run(`CREATE INDEX plain_calls ON ${RUNTIME}(correlationId)`);
    }
    if (this.has('NVTX_EVENTS')) {
      engine.run('CREATE INDEX plain_ranges ON NVTX_EVENTS(globalTid, start)');
    }
  }
  has(table: string, ...columns: string[]): boolean {
    const own = this.engine.columnsOf(table);
    return own.length > 0 && columns.every((column) => own.includes(column));
  }
  rows(sql: string): readonly (readonly SqlValue[])[] {
    return this.engine.query(sql).rows;
  }
  one(table: string, sql: string): readonly number[] {
    return this.has(table) ? this.rows(sql)[0].map(Number) : [0, 0, 0, 0];
  }
  close(): void {
    this.engine.close();
  }
}

/** Compares every table of a trace, its links and its account of rows with plain SQL over the file. */
export async function expectPlainSql(file: string, trace: Trace): Promise<void> {
  const plain = new Plain(openSqlJs(await loadNodeSqlJs(), new Uint8Array(readFileSync(file))));
  try {
    expectGpuWork(plain, trace);
    expectCalls(plain, trace);
    expectRanges(plain, trace);
    expectHostEvents(plain, trace);
    expectCounters(plain, trace);
    expectAccount(plain, trace);
  } finally {
    plain.close();
  }
}

function expectGpuWork(plain: Plain, trace: Trace): void {
  const { gpu, launches, names } = trace;
  for (const [kind, table] of KINDS) {
    const is = (i: number): boolean => gpu.kind[i] === kind;
    const rows = Array.from(gpu.kind.keys()).filter(is);
    const [count, total, longest] = plain.one(
      table,
      `SELECT count(*), sum("end" - start), max("end" - start) FROM ${table} WHERE ${TIMED}`,
    );
    expect([table, rows.length]).toEqual([table, count]);
    expect(sum(gpu.duration, is)).toBe(total);
    expect(rows.reduce((most, i) => Math.max(most, gpu.duration[i]), 0)).toBe(longest);
    if (count === 0) {
      continue;
    }
    // Starts, exactly, by the trace's own clock.
    const zero = trace.clock.originNs - trace.clock.fileBaseNs;
    const starts = plain.rows(
      `SELECT start - (${zero}) FROM ${table} WHERE ${TIMED} ORDER BY start, "end" DESC`,
    );
    expect(rows.map((i) => gpu.start[i])).toEqual(starts.map(([start]) => start));
    // Streams of processes and contexts are lanes of their own.
    const [[lanes]] = plain.rows(
      `SELECT count(*) FROM (SELECT DISTINCT globalPid, deviceId, contextId, streamId FROM ${table} WHERE ${TIMED})`,
    );
    expect(new Set(rows.map((i) => gpu.lane[i])).size).toBe(lanes);
    // Launches, by the name of the call.
    const joined = plain.has(RUNTIME)
      ? plain.rows(
          `SELECT s.value, count(*), sum(g."end" - g.start) FROM ${table} g JOIN ${RUNTIME} r ON ${LAUNCH}
           JOIN StringIds s ON s.id = r.nameId WHERE g."end" >= g.start AND (g."end" <> 0 OR g.start <> 0)
           GROUP BY s.value`,
        )
      : [];
    expect(
      tally(
        rows.filter((i) => gpu.launch[i] >= 0),
        (i) => names.get(launches.name[gpu.launch[i]]),
        (i) => gpu.duration[i],
      ),
    ).toEqual(
      tally(
        joined,
        ([name]) => String(name).replace(/_v\d+$/, ''),
        ([, , duration]) => Number(duration),
        ([, rowCount]) => Number(rowCount),
      ),
    );
    for (const i of rows.filter((row) => gpu.launch[row] >= 0)) {
      expect(launches.correlation?.[gpu.launch[i]]).toBe(gpu.correlation[i]);
      expect(trace.lanes[launches.lane[gpu.launch[i]]].process).toBe(
        trace.lanes[gpu.lane[i]].process,
      );
    }
  }
  if (plain.has('CUPTI_ACTIVITY_KIND_KERNEL')) {
    const byName = plain.rows(
      `SELECT s.value, count(*), sum("end" - start) FROM CUPTI_ACTIVITY_KIND_KERNEL k
       JOIN StringIds s ON s.id = k.demangledName WHERE s.value <> '' GROUP BY s.value`,
    );
    const mine = tally(
      Array.from(gpu.kind.keys()).filter((i) => gpu.kind[i] === KERNEL),
      (i) => names.get(gpu.name[i]),
      (i) => gpu.duration[i],
    );
    for (const [name, count, total] of byName) {
      expect([name, ...(mine.get(String(name)) ?? [])]).toEqual([name, count, total]);
    }
  }
  if (plain.has('CUPTI_ACTIVITY_KIND_MEMCPY')) {
    const [[bytes]] = plain.rows('SELECT coalesce(sum(bytes), 0) FROM CUPTI_ACTIVITY_KIND_MEMCPY');
    expect(sum(gpu.bytes, (i) => gpu.kind[i] === MEMCPY)).toBe(bytes);
    for (const [kind, word] of Object.entries({ 1: 'HtoD', 2: 'DtoH', 8: 'DtoD' })) {
      const [[count]] = plain.rows(
        `SELECT count(*) FROM CUPTI_ACTIVITY_KIND_MEMCPY WHERE copyKind = ${kind}`,
      );
      const id = names.find(`Memcpy ${word}`);
      expect(gpu.name.filter((name) => name === id).length).toBe(count);
    }
  }
}

/** Rows and sums by name. */
function tally<T>(
  rows: readonly T[],
  nameOf: (row: T) => string,
  valueOf: (row: T) => number,
  countOf: (row: T) => number = () => 1,
): Map<string, [number, number]> {
  const out = new Map<string, [number, number]>();
  for (const row of rows) {
    const [count, total] = out.get(nameOf(row)) ?? [0, 0];
    out.set(nameOf(row), [count + countOf(row), total + valueOf(row)]);
  }
  return out;
}

function expectCalls(plain: Plain, trace: Trace): void {
  const { launches } = trace;
  const [count, total, threads] = plain.one(
    RUNTIME,
    `SELECT count(*), coalesce(sum("end" - start), 0), count(DISTINCT globalTid) FROM ${RUNTIME} r WHERE ${CALL}`,
  );
  expect(launches.count).toBe(count);
  expect(sum(launches.duration)).toBe(total);
  expect(new Set(launches.lane).size).toBe(threads);
}

function expectRanges(plain: Plain, trace: Trace): void {
  const { ranges, launches, gpu, names, lanes } = trace;
  const ofTheProfiler = plain.has('NVTX_EVENTS', 'domainId')
    ? `eventType = 34 AND coalesce(text, textId) IS NULL AND domainId IN
       (SELECT domainId FROM NVTX_EVENTS WHERE eventType = 75 AND text GLOB 'Python *')`
    : '0';
  const [count, closed, threads] = plain.one(
    'NVTX_EVENTS',
    `SELECT count(*), coalesce(sum("end" - start), 0), count(DISTINCT globalTid)
     FROM NVTX_EVENTS WHERE eventType IN (34, 59, 60) AND NOT (${ofTheProfiler})`,
  );
  expect(ranges.count).toBe(count);
  expect(new Set(ranges.lane).size).toBe(threads);
  if (count === 0) {
    return;
  }
  const [[open]] = plain.rows(
    'SELECT count(*) FROM NVTX_EVENTS WHERE eventType IN (59, 60) AND "end" IS NULL',
  );
  const told = trace.report.warnings.find(({ code }) => code === 'unclosed-ranges')?.rows ?? 0;
  expect(told).toBe(open);
  if (open === 0) {
    expect(sum(ranges.duration)).toBe(closed);
  }
  // No range nests wrongly: it lies within its parent, on the same thread.
  for (let i = 0; i < ranges.count; i++) {
    const parent = ranges.parent[i];
    if (parent >= 0) {
      expect(lanes[ranges.lane[parent]]).toBe(lanes[ranges.lane[i]]);
      expect(ranges.start[parent]).toBeLessThanOrEqual(ranges.start[i]);
      expect(ranges.start[i] + ranges.duration[i]).toBeLessThanOrEqual(
        ranges.start[parent] + ranges.duration[parent],
      );
    }
    expect([ANNOTATION, OP]).toContain(ranges.kind[i]);
  }
  if (!plain.has(RUNTIME) || !plain.has('CUPTI_ACTIVITY_KIND_KERNEL')) {
    return;
  }
  // Kernels by the innermost range around their launch.
  const around = plain.rows(
    `SELECT coalesce(text, value), count(*), sum(duration) FROM (
       SELECT g."end" - g.start AS duration, (SELECT n.rowid FROM NVTX_EVENTS n WHERE n.eventType = 59
           AND n.globalTid = r.globalTid AND n.start <= r.start AND coalesce(n."end", 9e18) >= r.start
           ORDER BY n.start DESC LIMIT 1) AS range
       FROM CUPTI_ACTIVITY_KIND_KERNEL g JOIN ${RUNTIME} r ON ${LAUNCH}) k
     JOIN NVTX_EVENTS n ON n.rowid = k.range LEFT JOIN StringIds s ON s.id = n.textId GROUP BY 1`,
  );
  const inside = Array.from(gpu.kind.keys()).filter(
    (i) => gpu.kind[i] === KERNEL && gpu.launch[i] >= 0 && launches.range[gpu.launch[i]] >= 0,
  );
  expect(
    tally(
      inside,
      (i) => names.get(ranges.name[launches.range[gpu.launch[i]]]),
      (i) => gpu.duration[i],
    ),
  ).toEqual(
    tally(
      around,
      ([text]) => String(text).replace(/^([^{]+?), (seq|op_id) = \d.*$/, '$1'),
      ([, , duration]) => Number(duration),
      ([, rowCount]) => Number(rowCount),
    ),
  );
}

function expectHostEvents(plain: Plain, trace: Trace): void {
  const { host, names } = trace;
  const offCpu = names.find('off CPU');
  const isSwitch = (i: number): boolean => host.name[i] === offCpu;
  const tables = [
    'CUPTI_ACTIVITY_KIND_SYNCHRONIZATION',
    'CUPTI_ACTIVITY_KIND_OVERHEAD',
    'PROFILER_OVERHEAD',
    'OSRT_API',
  ].filter((table) => plain.has(table));
  let rows = 0;
  let total = 0;
  for (const table of tables) {
    const [count, duration] = plain.one(
      table,
      `SELECT count(*), coalesce(sum("end" - start), 0) FROM ${table}
       ${table === 'OSRT_API' ? 'WHERE eventClass = 27' : ''}`,
    );
    rows += count;
    total += duration;
  }
  const all = Array.from(host.kind.keys());
  expect(all.filter((i) => !isSwitch(i)).length).toBe(rows);
  expect(sum(host.duration, (i) => !isSwitch(i))).toBe(total);
  const [off, offNs] = plain.one(
    'SCHED_EVENTS',
    `SELECT count(*), coalesce(sum(back - start), 0) FROM (SELECT start, isSchedIn,
       lead(start) OVER (PARTITION BY globalTid ORDER BY start) AS back FROM SCHED_EVENTS) WHERE isSchedIn = 0`,
  );
  const switches = all.filter(isSwitch);
  expect(switches.length).toBe(off);
  expect(switches.every((i) => host.kind[i] === HOST_KINDS.indexOf('scheduler'))).toBe(true);
  expect(sum(host.duration, isSwitch)).toBe(offNs);
}

/** Every sample of every metric: times in order, values, and the account. */
function expectCounters(plain: Plain, trace: Trace): void {
  const { counters, clock, report } = trace;
  const zero = clock.originNs - clock.fileBaseNs;
  let inFile = 0;
  let read = 0;
  const expected: string[] = [];
  const tracksOf = (table: string, time: string, key: string): void => {
    if (!plain.has(table)) {
      return;
    }
    inFile += plain.one(table, `SELECT count(*) FROM ${table}`)[0];
    const tracks = plain.rows(
      `SELECT ${key}, group_concat(at || '=' || ${inUnit(plain, table)}, ' '), count(*) FROM (
         SELECT *, rowid AS row, ${time} - (${zero}) AS at FROM ${table} WHERE ${time} IS NOT NULL ORDER BY ${time}, rowid) t
       GROUP BY 1`,
    );
    for (const [, samples, count] of tracks) {
      // SQLite writes a whole double with a 0 behind the point.
      expected.push(`${table} ${String(samples).replace(/\.0(?= |$)/g, '')}`);
      read += Number(count);
    }
  };
  tracksOf('GPU_METRICS', 'timestamp', "typeId || ' ' || metricId");
  tracksOf('SOC_METRICS', 'timestamp', "typeId || ' ' || metricId");
  tracksOf('NET_NIC_METRIC', 'start', "globalId || ' ' || portId || ' ' || metricsIdx");
  tracksOf('CUDA_GPU_MEMORY_USAGE_EVENTS', 'start', MEMORY);
  const found = counters.map(
    ({ source, time, value }) =>
      `${source} ${Array.from(time, (at, i) => `${at}=${value[i]}`).join(' ')}`,
  );
  expect(found.sort()).toEqual(expected.sort());
  expect(report.samples ?? { inFile: 0, read: 0 }).toEqual({ inFile, read });
}

/** What tells the memory of a process, device and kind apart. */
const MEMORY = "globalPid || ' ' || deviceId || ' ' || memKind";

/** SQL of a sample's value: clocks named in MHz are written in Hz, allocations are summed up. */
function inUnit(plain: Plain, table: string): string {
  if (table === 'CUDA_GPU_MEMORY_USAGE_EVENTS') {
    return `(SELECT sum(CASE memoryOperationType WHEN 0 THEN bytes ELSE -bytes END) FROM ${table} m
      WHERE m.globalPid = t.globalPid AND m.deviceId = t.deviceId AND m.memKind = t.memKind
        AND (m.start, m.rowid) <= (t.start, t.row))`;
  }
  const names = `TARGET_INFO_${table}`;
  if (!plain.has(names, 'typeId', 'metricName')) {
    return 'value';
  }
  const clock = `SELECT 1 FROM ${names} i WHERE i.typeId = t.typeId AND i.metricId = t.metricId AND i.metricName LIKE '%[MHz]'`;
  return `CASE WHEN value >= 1000000 AND EXISTS (${clock}) THEN value / 1e6 ELSE value END`;
}

/** Tables whose rows are samples of counters. */
const SAMPLES = /^(GPU_METRICS|SOC_METRICS|NET_NIC_METRIC|CUDA_GPU_MEMORY_USAGE_EVENTS)$/;
/** Tables with times that hold no events. */
const NO_EVENTS =
  /^(TARGET_INFO_|ANALYSIS_|ENUM_|META_DATA_|EXPORT_META_DATA|NVTX_PAYLOAD_|EXTRAP_)/;

function expectAccount(plain: Plain, trace: Trace): void {
  const { report, gpu, launches, ranges, host } = trace;
  let rows = 0;
  for (const [name] of plain.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const table = String(name);
    const timed = ['start', 'timestamp', 'rawTimestamp', 'startedAt'].some((column) =>
      plain.has(table, column),
    );
    if (
      (timed || table === 'CUPTI_ACTIVITY_KIND_CUDA_EVENT') &&
      !NO_EVENTS.test(table) &&
      !SAMPLES.test(table)
    ) {
      rows += plain.one(table, `SELECT count(*) FROM "${table}"`)[0];
    }
  }
  expect(report.rowsInFile).toBe(rows);
  expect(report.rowsRead).toBe(gpu.count + launches.count + ranges.count + host.count);
  expect(report.skipped.reduce((total, skip) => total + skip.rows, 0)).toBe(
    report.rowsInFile - report.rowsRead,
  );
  const without = gpu.launch.filter((launch) => launch < 0).length;
  expect(report.warnings.find(({ code }) => code === 'no-launch')?.rows ?? 0).toBe(without);
}
