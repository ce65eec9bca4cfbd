import type { CounterTrack, Lane, Warning } from '../../trace/index.js';
import { CounterTracks, type TrackIdentity } from '../counterTracks.js';
import { MOST_NS } from '../exactTime.js';
import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import type { NsysPlaces } from './places.js';
import { number, type NsysRows } from './rows.js';
import { processId, processKey } from './schema.js';
import { textOf } from './strings.js';

/** Tables of sampled metrics, and where their names are. */
export const METRIC_TABLES = [
  { table: 'GPU_METRICS', names: 'TARGET_INFO_GPU_METRICS', onGpu: true },
  { table: 'SOC_METRICS', names: 'TARGET_INFO_SOC_METRICS', onGpu: false },
] as const;
const NIC_TABLE = 'NET_NIC_METRIC';
const MEMORY_TABLE = 'CUDA_GPU_MEMORY_USAGE_EVENTS';
/** Values of `memKind` (ENUM_CUDA_MEM_KIND). */
const MEMORY_KINDS: Readonly<Record<number, string>> = {
  0: 'pageable',
  1: 'pinned',
  2: 'device',
  3: 'array',
  4: 'managed',
  5: 'device static',
  6: 'managed static',
};
/** Kinds of memory that is the host's. */
const ON_HOST: ReadonlySet<number> = new Set([0, 1]);

/** The tables whose rows are samples, in lower case. */
export const SAMPLE_TABLES: ReadonlySet<string> = new Set(
  [...METRIC_TABLES.map(({ table }) => table), NIC_TABLE, MEMORY_TABLE].map((table) =>
    table.toLowerCase(),
  ),
);

interface Metric extends Omit<TrackIdentity, 'rank'> {
  /** process it is of; absent where it is of none */
  readonly process?: string;
}

/**
 * The sampled metrics of an export: of GPUs, of a system on a chip, of network adapters; and what was
 * allocated while it was recorded.
 */
export class NsysCounters {
  readonly tracks = new CounterTracks();
  private readonly metrics: Metric[] = [];
  private readonly ids = new Map<SqlValue, Map<SqlValue, number>>();

  constructor(private readonly places: NsysPlaces) {}

  /** @throws SqlError; the signal's reason once it is aborted */
  async read(engine: SqlEngine, rows: NsysRows): Promise<void> {
    for (const { table, names, onGpu } of METRIC_TABLES) {
      await this.readMetrics(engine, rows, table, names, onGpu);
    }
    await this.readAdapters(engine, rows);
    await this.readMemory(rows);
  }

  /**
   * @param shift ns that the trace's start lies after the base of the rows
   * @param lanes of the trace: a GPU is of the first rank that ran work on it
   */
  build(shift: number, lanes: readonly Lane[]): CounterTrack[] {
    return this.tracks
      .build(
        shift,
        (track) => {
          const { process, ...metric } = this.metrics[track];
          const used = lanes.find((lane) =>
            process === undefined
              ? lane.kind === 'stream' && lane.device === metric.device
              : lane.process === process,
          );
          return { ...metric, rank: used?.rank ?? 0 };
        },
        (track) => this.metrics[track].source === MEMORY_TABLE,
      )
      .map(inStatedUnit);
  }

  get warnings(): readonly Warning[] {
    return this.tracks.warnings();
  }

  /** GPU_METRICS and SOC_METRICS: one row a sample, the low byte of `typeId` numbers the GPU. */
  private async readMetrics(
    engine: SqlEngine,
    rows: NsysRows,
    table: string,
    namesTable: string,
    onGpu: boolean,
  ): Promise<void> {
    this.ids.clear();
    const names = metricNames(engine, rows, namesTable);
    const column = (name: string) => rows.schema.column(table, name);
    const typeId = column('typeId');
    await this.samples(
      rows,
      table,
      'timestamp',
      [typeId, column('metricId'), `${typeId} & 255`],
      ([type, metricId, device]) => {
        const { name, unit } = named(names.get(`${String(type)} ${String(metricId)}`), metricId);
        return {
          name,
          unit,
          device: onGpu && device !== null ? number(device) : -1,
          source: table,
        };
      },
    );
  }

  /** NET_NIC_METRIC: one row a port, metric and interval. */
  private async readAdapters(engine: SqlEngine, rows: NsysRows): Promise<void> {
    this.ids.clear();
    const { schema } = rows;
    const column = (name: string) => schema.column(NIC_TABLE, name);
    const metrics = new Map<string, { name: string; unit: string }>();
    if (schema.has('TARGET_INFO_NETWORK_METRICS', 'metricsListId', 'metricsIdx', 'name')) {
      const unit = schema.column('TARGET_INFO_NETWORK_METRICS', 'unit');
      engine.each(
        `SELECT metricsListId, metricsIdx, CAST(name AS BLOB), CAST(${unit} AS BLOB) FROM TARGET_INFO_NETWORK_METRICS`,
        ([list, index, name, stated]) => {
          metrics.set(`${String(list)} ${String(index)}`, {
            name: textOf(name),
            unit: textOf(stated),
          });
        },
      );
    }
    const adapters = adapterNames(engine, rows);
    const port = `${column('globalId')} || ' ' || coalesce(${column('portId')}, '')`;
    const metric = `${column('metricsListId')} || ' ' || ${column('metricsIdx')}`;
    await this.samples(rows, NIC_TABLE, 'start', [port, metric], ([globalPort, metricId]) => {
      const [globalId = '', portId = ''] = String(globalPort ?? '').split(' ');
      const { name, unit } = metrics.get(String(metricId)) ?? {
        name: `metric ${String(metricId)}`,
        unit: '',
      };
      const adapter = adapters.get(globalId) ?? `adapter ${globalId}`;
      const place = portId === '' ? adapter : `${adapter} port ${portId}`;
      return { name: `${place}: ${name}`, unit, device: -1, source: NIC_TABLE };
    });
  }

  /**
   * CUDA_GPU_MEMORY_USAGE_EVENTS: one row an allocation or a release. What was allocated before the
   * recording is not known: the track is what came since.
   */
  private async readMemory(rows: NsysRows): Promise<void> {
    this.ids.clear();
    const column = (name: string) => rows.schema.column(MEMORY_TABLE, name);
    const [operation, bytes, process] = ['memoryOperationType', 'bytes', 'globalPid'].map(column);
    await this.samples(
      rows,
      MEMORY_TABLE,
      'start',
      [
        `${processKey(process)} || ' ' || ${column('deviceId')}`,
        column('memKind'),
        processKey(process),
        column('deviceId'),
      ],
      (key) => {
        const [kind, owner, ordinal] = key.slice(1).map(number);
        const onHost = ON_HOST.has(kind);
        return {
          name: `${onHost ? 'Host' : 'GPU'} memory allocated (${MEMORY_KINDS[kind] ?? `kind ${kind}`})`,
          unit: 'bytes',
          device: onHost || Number.isNaN(ordinal) ? -1 : this.places.gpu(owner, ordinal),
          source: MEMORY_TABLE,
          process: Number.isNaN(owner) ? '' : String(processId(owner)),
        };
      },
      `CASE ${operation} WHEN 0 THEN ${bytes} WHEN 1 THEN -${bytes} END`,
    );
  }

  /**
   * @param key columns that tell the tracks of a table apart: the first two decide
   * @param describe called once for each track
   * @param value SQL of a sample's value
   */
  private async samples(
    rows: NsysRows,
    table: string,
    time: string,
    key: readonly string[],
    describe: (key: readonly SqlValue[]) => Metric,
    value = rows.schema.column(table, 'value'),
  ): Promise<void> {
    const lost = await rows.eachUncounted(
      table,
      time,
      [value, ...key],
      'Reading counters',
      ([at, stated, ...which]) => {
        const ns = number(at);
        if (Math.abs(ns) >= MOST_NS) {
          this.tracks.leaveOut('with a time more than 104 days from the others');
          return;
        }
        this.tracks.push(this.trackOf(which, describe), ns, number(stated));
      },
    );
    this.tracks.leaveOut('in a damaged or missing part of the file', lost);
  }

  private trackOf(
    key: readonly SqlValue[],
    describe: (key: readonly SqlValue[]) => Metric,
  ): number {
    let tracks = this.ids.get(key[0]);
    if (tracks === undefined) {
      tracks = new Map();
      this.ids.set(key[0], tracks);
    }
    let track = tracks.get(key[1]);
    if (track === undefined) {
      track = this.tracks.add();
      tracks.set(key[1], track);
      if (track >= 0) {
        this.metrics.push(describe(key));
      }
    }
    return track;
  }
}

/** Names by type and metric. @throws SqlError */
function metricNames(
  engine: SqlEngine,
  { schema }: NsysRows,
  table: string,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  if (schema.has(table, 'typeId', 'metricId', 'metricName')) {
    engine.each(
      `SELECT typeId, metricId, CAST(metricName AS BLOB) FROM ${table}`,
      ([type, metric, name]) => {
        names.set(`${String(type)} ${String(metric)}`, textOf(name));
      },
    );
  }
  return names;
}

/**
 * The unit that a metric's name states in brackets: "SMs Active [Throughput %]", "GPC Clock Frequency
 * [MHz]". What is no unit ("[Avg]") stays part of the name.
 */
function named(stated: string | undefined, metricId: SqlValue): { name: string; unit: string } {
  if (stated === undefined || stated === '') {
    return { name: `metric ${String(metricId)}`, unit: '' };
  }
  const [, name, unit] = /^(.*\S)\s*\[([^[\]]{1,40})\]$/.exec(stated) ?? [];
  if (name === undefined || /^(avg|max|min|sum|average|maximum|minimum)$/i.test(unit)) {
    return { name: stated, unit: '' };
  }
  return { name, unit: unit === 'Throughput %' ? '%' : unit };
}

/** No clock runs at 1 THz: a value from here on of what is said to be in MHz is in Hz. */
const LEAST_HERTZ = 1e6;

/**
 * Clocks are named "GPC Clock Frequency [MHz]" and written in Hz, 1979997500 (seen in schemas 3.7.2 and
 * 3.20.3).
 */
function inStatedUnit(track: CounterTrack): CounterTrack {
  return track.unit === 'MHz' && track.value.some((value) => value >= LEAST_HERTZ)
    ? { ...track, value: track.value.map((value) => value / 1e6) }
    : track;
}

/** Names of network adapters by the id that their metrics have. @throws SqlError */
function adapterNames(engine: SqlEngine, { schema }: NsysRows): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const info = 'TARGET_INFO_NIC_INFO';
  if (schema.has('NIC_ID_MAP', 'nicId', 'globalId') && schema.has(info, 'nicId', 'name')) {
    engine.each(
      `SELECT m.globalId, CAST(n.name AS BLOB) FROM NIC_ID_MAP m JOIN ${info} n ON n.nicId = m.nicId`,
      ([id, name]) => {
        names.set(String(id), textOf(name));
      },
    );
  }
  return names;
}
