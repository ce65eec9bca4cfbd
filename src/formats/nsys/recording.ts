import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import type { TraceReport } from '../../trace/index.js';
import { printable } from '../printable.js';
import type { NsysSchema } from './schema.js';
import { textOf } from './strings.js';

/** What an export says of itself; nothing of the machine's user, its environment or command lines. */
export interface Recording {
  /** "Nsight Systems 2025.6 (schema 3.24.7)" */
  readonly label: string;
  /** time 0 of the file's events, ns since the Unix epoch; undefined where the file does not say */
  readonly fileBase: bigint | undefined;
  /** when the recording ended, in the time of the file's events; undefined where the file does not say */
  readonly stop: bigint | undefined;
  /** the window the file was cut to, ns of the session, where a tool cut it */
  readonly window: { readonly from: bigint; readonly to: bigint } | undefined;
  /** true where a tool cut the file */
  readonly trimmed: boolean;
  /** 'Graph' or 'Node'; '' where the file does not say */
  readonly graphMode: string;
  readonly facts: TraceReport['facts'];
}

/** Variables by which launchers tell a process its rank and how many there are: torchrun, then MPI's, then Slurm's. */
const RANK_VARIABLES = [
  ['RANK', 'WORLD_SIZE'],
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'],
  ['PMI_RANK', 'PMI_SIZE'],
  ['SLURM_PROCID', 'SLURM_NTASKS'],
] as const;

/**
 * The rank that the launcher told the recorded program, by the variables of its environment; of these only
 * the two numbers are used. Unknown where the file has no such variable or several values of one.
 * @throws SqlError
 */
export function statedRank(
  engine: SqlEngine,
  schema: NsysSchema,
): { readonly rank: number; readonly worldSize: number } {
  const sources = [
    ['META_DATA_CAPTURE', "name GLOB '*ENVIRONMENT_VARIABLE'"],
    // What exports have that do not list the variables of each process.
    ['TARGET_INFO_SYSTEM_ENV', "name = 'DeviceEnvironment'"],
  ] as const;
  for (const [table, where] of sources.filter(([name]) => schema.has(name, 'name', 'value'))) {
    const values = new Map<string, Set<number>>();
    engine.each(`SELECT CAST(value AS BLOB) FROM ${table} WHERE ${where}`, ([value]) => {
      for (const [, name, number] of textOf(value).matchAll(RANK_VARIABLE)) {
        values.set(name, (values.get(name) ?? new Set()).add(Number(number)));
      }
    });
    const only = (name: string): number | undefined =>
      values.get(name)?.size === 1 ? [...(values.get(name) ?? [])][0] : undefined;
    for (const [rankName, sizeName] of RANK_VARIABLES) {
      const rank = only(rankName);
      if (rank !== undefined) {
        const size = only(sizeName) ?? 0;
        return { rank, worldSize: size > rank ? size : -1 };
      }
    }
  }
  return { rank: -1, worldSize: -1 };
}

const RANK_VARIABLE = new RegExp(
  `(?:^|[\\0\\n])(${RANK_VARIABLES.flat().join('|')})=(\\d{1,6})(?=$|[\\0\\n])`,
  'g',
);

/** Names under which the mode of graph tracing is stated: by 2025.6, and before. */
const GRAPH_MODE = /^(PROCESS_\d+:)?CUDA_GRAPH_TRACE_OPTIONS:MODE$/;

/** @throws SqlError */
export function readRecording(engine: SqlEngine, schema: NsysSchema): Recording {
  const meta = exportMeta(engine, schema);
  const schemaVersion = shown(meta.get('EXPORT_SCHEMA_VERSION'));
  const productVersion = shown(meta.get('EXPORT_PRODUCT_VERSION'));
  const product = /^\d+\.\d+/.exec(productVersion)?.[0] ?? shown(meta.get('EXPORT_PRODUCT_DATE'));
  const label =
    ['Nsight Systems', product].filter(Boolean).join(' ') +
    (schemaVersion === '' ? ' (schema before 2.9)' : ` (schema ${schemaVersion})`);

  const shift = whole(meta.get('EXPORT_PARAM_TIME_SHIFT')) ?? 0n;
  const moved = /^(true|1)$/i.test(meta.get('EXPORT_PARAM_TIME_NORMALIZE') ?? '');
  const utc = firstInteger(engine, schema, 'TARGET_INFO_SESSION_START_TIME', 'utcEpochNs');
  // With --ts-normalize the exporter has added `utcEpochNs` to the times of events.
  const zero = moved ? (utc ?? 0n) : 0n;
  // Times of events count from the session's start; startTime and stopTime count from another zero (in
  // ecf_baseline the last range ends at `duration` to the nanosecond, in all others within it).
  const length = firstInteger(engine, schema, 'ANALYSIS_DETAILS', 'duration');
  const window = /^(-?\d+)-(-?\d+)$/.exec(meta.get('DERIVED_WINDOW_NS') ?? '');
  const graphMode = captureValue(engine, schema, GRAPH_MODE);

  const facts: { name: string; value: string }[] = [];
  const fact = (name: string, value: string): void => {
    if (value !== '') {
      facts.push({ name, value: printable(value) });
    }
  };
  fact('GPU', gpuNames(engine, schema));
  fact('Driver', driverVersion(environmentValue(engine, schema, 'NvDriverVersion')));
  fact('CUDA driver', cudaVersion(environmentValue(engine, schema, 'CudaDriverVersion')));
  fact('Nsight Systems', productVersion);
  fact('Export schema', schemaVersion);
  fact('CUDA graphs recorded as', graphMode.toLowerCase());
  fact('Recording started', utc === undefined ? '' : isoTime(utc));

  return {
    label,
    fileBase: utc === undefined ? undefined : utc - zero - shift,
    stop: length === undefined || (moved && utc === undefined) ? undefined : length + zero + shift,
    window: window === null ? undefined : { from: BigInt(window[1]), to: BigInt(window[2]) },
    trimmed: [...meta.keys()].some((name) => name.startsWith('DERIVED_')),
    graphMode,
    facts,
  };
}

/** META_DATA_EXPORT, named EXPORT_META_DATA from 2.9.1 to 3.1; before there is neither. */
function exportMeta(engine: SqlEngine, schema: NsysSchema): ReadonlyMap<string, string> {
  const meta = new Map<string, string>();
  for (const table of ['META_DATA_EXPORT', 'EXPORT_META_DATA']) {
    if (schema.has(table, 'name', 'value')) {
      engine.each(
        `SELECT CAST(name AS BLOB), CAST(value AS BLOB) FROM ${table}
         WHERE name GLOB 'EXPORT_*' OR name GLOB 'DERIVED_*'`,
        ([name, value]) => {
          meta.set(textOf(name), textOf(value));
        },
      );
    }
  }
  return meta;
}

/** One value of META_DATA_CAPTURE, which holds much that is private: only what is asked for is read. */
function captureValue(engine: SqlEngine, schema: NsysSchema, wanted: RegExp): string {
  if (!schema.has('META_DATA_CAPTURE', 'name', 'value')) {
    return '';
  }
  let found = '';
  engine.each(
    "SELECT name, value FROM META_DATA_CAPTURE WHERE name GLOB '*CUDA_GRAPH_TRACE_OPTIONS:MODE'",
    ([name, value]) => {
      found = wanted.test(String(name)) && found === '' ? String(value ?? '') : found;
    },
  );
  return shown(found);
}

function environmentValue(engine: SqlEngine, schema: NsysSchema, name: string): string {
  if (!schema.has('TARGET_INFO_SYSTEM_ENV', 'name', 'value')) {
    return '';
  }
  const { rows } = engine.query(
    `SELECT value FROM TARGET_INFO_SYSTEM_ENV WHERE name = '${name}' AND value NOT IN ('', '0')`,
    1,
  );
  return rows.length === 0 ? '' : shown(String(rows[0][0]));
}

/** "520.61.05" of 5206105, as exports write it up to 2022.4; later ones write it as it is known. */
function driverVersion(text: string): string {
  const parts = /^(\d{3})(\d*)(\d{2})$/.exec(text);
  return parts === null ? text : parts.slice(1).filter(Boolean).join('.');
}

/** "12.4" of CUDA's own 12040. */
function cudaVersion(text: string): string {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1000
    ? `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`
    : text;
}

function gpuNames(engine: SqlEngine, schema: NsysSchema): string {
  const table = ['TARGET_INFO_GPU', 'TARGET_INFO_CUDA_GPU'].find((t) => schema.has(t, 'name'));
  if (table === undefined) {
    return '';
  }
  const counts = engine.query(
    `SELECT CAST(name AS BLOB), count(*) FROM ${table} WHERE name <> '' GROUP BY name ORDER BY 2 DESC, 1`,
    8,
  ).rows;
  return counts
    .map(([name, count]) => (count === 1 ? '' : `${String(count)} x `) + shown(textOf(name)))
    .join(', ');
}

function firstInteger(
  engine: SqlEngine,
  schema: NsysSchema,
  table: string,
  column: string,
): bigint | undefined {
  if (!schema.has(table, column)) {
    return undefined;
  }
  const { rows } = engine.query(`SELECT ${column} FROM ${table} WHERE ${column} > 0`, 1);
  return rows.length === 0 ? undefined : integer(rows[0][0]);
}

function integer(value: SqlValue): bigint | undefined {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
    ? BigInt(value as bigint | number)
    : undefined;
}

function whole(text: string | undefined): bigint | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

function isoTime(epochNs: bigint): string {
  const date = new Date(Number(epochNs / 1_000_000n));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

function shown(text: string | undefined): string {
  return printable(text ?? '', 60);
}
