import { isJsonObject, type JsonObject } from '../jsonObject.js';

/** The values beside `traceEvents` that say how a trace was recorded. */
export interface KinetoMetadata {
  /** what the file's µs count from, ns; 0n where it does not say */
  readonly baseNs: bigint;
  readonly hasBase: boolean;
  /** undefined where there is none */
  readonly schemaVersion: string | undefined;
  readonly devices: readonly Device[];
  /** true where no two calls of the file have the same correlation: our own exports promise it */
  readonly uniqueCorrelations: boolean;
  /** -1 where it does not say */
  readonly rank: number;
  readonly worldSize: number;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** keys whose values could not be read */
  readonly unreadable: readonly string[];
}

export interface Device {
  readonly id: number;
  readonly name: string;
}

/**
 * Reads the top-level values, given as JSON text by key. Only what is named here is used: paths
 * (`traceName`), ids and anything unknown stay in the file.
 */
export function readMetadata(texts: ReadonlyMap<string, string>): KinetoMetadata {
  const unreadable: string[] = [];
  const parse = (key: string): unknown => {
    const text = texts.get(key);
    if (text === undefined) {
      return undefined;
    }
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        throw error;
      }
      unreadable.push(key);
      return undefined;
    }
  };
  const facts: { name: string; value: string }[] = [];
  const addFact = (name: string, value: string): void => {
    if (value !== '') {
      facts.push({ name, value });
    }
  };

  // Beyond 2^53, so by its digits.
  const base = /^"?(\d{1,19})"?$/.exec(texts.get('baseTimeNanoseconds') ?? '');

  // A file that was merged from several ranks lists the GPUs of their machine once for each.
  const properties = [
    ...new Map(
      asArray(parse('deviceProperties')).map((entry) => [JSON.stringify(entry), asRecord(entry)]),
    ).values(),
  ];
  const devices = properties.map((p, i) => ({
    id: integer(p['id']) ?? i,
    name: text(p['name']),
  }));
  const first: JsonObject = properties[0] ?? {};
  addFact('GPU', countNames(devices.map((d) => d.name)));
  const memory = integer(first['totalGlobalMem']);
  addFact('GPU memory', memory === undefined ? '' : `${(memory / 2 ** 30).toFixed(1)} GiB`);
  const multiprocessors = integer(first['numSms']);
  addFact('Streaming multiprocessors', multiprocessors === undefined ? '' : `${multiprocessors}`);
  const major = integer(first['computeMajor']);
  const minor = integer(first['computeMinor']);
  // AMD devices fill these fields too, with 64 threads a warp.
  if (major !== undefined && minor !== undefined && integer(first['warpSize']) === 32) {
    addFact('Compute capability', `${major}.${minor}`);
  }

  addFact('CUDA driver', cudaVersion(parse('cuda_driver_version')));
  addFact('CUDA runtime', cudaVersion(parse('cuda_runtime_version')));
  addFact('CUPTI', scalar(parse('cupti_version')));
  addFact('HIP runtime', scalar(parse('hip_runtime_version')));
  addFact('HIP driver', scalar(parse('hip_driver_version')));
  addFact('ROCtracer', scalar(parse('roctracer_version')));

  const distributed = asRecord(parse('distributedInfo'));
  addFact('Communication backend', text(distributed['backend']));
  addFact('NCCL', text(distributed['nccl_version']));
  const worldSize = integer(distributed['world_size']) ?? -1;
  addFact('World size', worldSize > 0 ? `${worldSize}` : '');
  addFact('Process groups', scalar(distributed['pg_count']));

  const recorded = (
    [
      ['with_stack', 'Python stacks'],
      ['with_modules', 'module hierarchy'],
      ['record_shapes', 'shapes'],
      ['profile_memory', 'memory'],
      ['with_flops', 'FLOPs'],
    ] as const
  )
    .filter(([key]) => integer(parse(key)) === 1)
    .map(([, label]) => label);
  addFact('Recorded with', recorded.join(', '));

  const schema = scalar(parse('schemaVersion'));
  return {
    baseNs: base === null ? 0n : BigInt(base[1]),
    hasBase: base !== null && base[1] !== '0',
    uniqueCorrelations: texts.has('layerscope'),
    schemaVersion: schema === '' ? undefined : schema,
    devices,
    rank: integer(distributed['rank']) ?? -1,
    worldSize,
    facts,
    unreadable,
  };
}

/** 13000 is CUDA 13.0, 12040 is 12.4. */
function cudaVersion(value: unknown): string {
  const number = integer(value);
  return number === undefined || number < 1000
    ? ''
    : `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
}

/** "2 x NVIDIA H200". Devices without a name (seen on AMD) are left out. */
function countNames(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    if (name !== '') {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].map(([name, n]) => (n === 1 ? name : `${n} x ${name}`)).join(', ');
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asRecord(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
}

function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
