import { Ajv } from 'ajv';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decompose } from '../../../src/analysis/decompose.js';
import { attribute } from '../../../src/layers/attribute.js';
import { MODULE, moduleName, type Trace } from '../../../src/trace/index.js';
import { openFile } from '../formats/reading.js';
import { smallTrace } from '../query/smallTrace.js';
import { exported } from './exporting.js';

interface Sampled {
  readonly type: 'sampled';
  readonly name: string;
  readonly startValue: number;
  readonly endValue: number;
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}
interface Evented {
  readonly type: 'evented';
  readonly name: string;
  readonly startValue: number;
  readonly endValue: number;
  readonly events: readonly {
    readonly type: 'O' | 'C';
    readonly frame: number;
    readonly at: number;
  }[];
}
interface SpeedscopeFile {
  readonly activeProfileIndex: number;
  readonly profiles: readonly (Sampled | Evented)[];
  readonly shared: {
    readonly frames: readonly { readonly name: string; readonly file?: string; line?: number }[];
  };
}

const validate = new Ajv().compile(
  JSON.parse(
    readFileSync('node_modules/speedscope/dist/release/file-format-schema.json', 'utf8'),
  ) as object,
);

async function profileOf(trace: Trace, window?: { startNs: number; endNs: number }) {
  const { text, report } = await exported(trace, {
    to: 'speedscope',
    ...(window === undefined ? {} : { window }),
  });
  const file = JSON.parse(text) as SpeedscopeFile;
  expect(validate(file), JSON.stringify(validate.errors)).toBe(true);
  return { file, report };
}

/** Weight by outermost frame, over all streams. */
function timeByOutermost({ profiles, shared }: SpeedscopeFile): Record<string, number> {
  const times: Record<string, number> = {};
  for (const profile of profiles) {
    if (profile.type === 'sampled') {
      profile.samples.forEach(([outermost], i) => {
        if (outermost !== undefined) {
          const { name } = shared.frames[outermost];
          times[name] = (times[name] ?? 0) + profile.weights[i];
        }
      });
    }
  }
  return times;
}

/** Ways in which events do not open and close as they must; none = they do. */
function unnested({ events, startValue, endValue }: Evented): string[] {
  const open: number[] = [];
  const problems: string[] = [];
  let last = startValue;
  for (const { type, frame, at } of events) {
    if (at < last || at > endValue) {
      problems.push(`${at} after ${last}, before ${endValue}`);
    }
    last = at;
    if (type === 'O') {
      open.push(frame);
    } else if (open.pop() !== frame) {
      problems.push(`closes ${frame}`);
    }
  }
  return open.length === 0 ? problems : [...problems, `${open.length} left open`];
}

const FIXTURES = ['flat', 'ingero', 'kineto', 'nsys', 'rocpd', 'rpd'].flatMap((format) =>
  readdirSync(`test/fixtures/${format}`)
    .filter((name) => /\.(db|rpd|sqlite|json|json\.gz)$/.test(name))
    // Samples alone are no calls.
    .filter((name) => !name.startsWith('metrics_alone'))
    .map((name) => `${format}/${name}`),
);

describe('speedscope JSON', () => {
  it.each(FIXTURES)('of %s is valid, and its times are those of the layer table', async (file) => {
    const trace = await openFile(`test/fixtures/${file}`);
    const { file: profile } = await profileOf(trace);
    const { rows } = decompose(trace, attribute(trace), { by: 'layer-type' });
    const times = timeByOutermost(profile);
    expect(Object.keys(times).sort()).toEqual(rows.map(({ label }) => label).sort());
    for (const { label, total_ns } of rows) {
      expect(times[label]).toBeCloseTo(total_ns, 3);
    }
    for (const one of profile.profiles) {
      if (one.type === 'sampled') {
        expect(one.samples.length).toBe(one.weights.length);
        const total = one.weights.reduce((sum, weight) => sum + weight, 0);
        expect(total).toBeCloseTo(one.endValue, 3);
      } else {
        expect(unnested(one)).toEqual([]);
      }
    }
    expect(profile.profiles.length).toBeGreaterThan(0);
  });

  it('nests layer, module and kernel, and begins with the busiest stream', async () => {
    const { trace, labels } = smallTrace();
    const { text } = await exported(trace, { to: 'speedscope' }, labels);
    const { profiles, shared, activeProfileIndex } = JSON.parse(text) as SpeedscopeFile;
    const stacks = profiles.flatMap((profile) =>
      profile.type === 'sampled'
        ? profile.samples.map((stack) => stack.map((frame) => shared.frames[frame].name))
        : [],
    );
    const { names, gpu } = trace;
    const first = [...gpu.start.keys()].find((i) => labels.module[i] !== 0) ?? -1;
    expect(stacks).toContainEqual([
      expect.any(String),
      `layer ${labels.index[first]}`,
      names.get(labels.module[first]),
      names.get(gpu.name[first]),
    ]);
    expect(stacks.some(([type]) => type === 'Unclassified')).toBe(true);
    const totals = profiles.map((profile) =>
      profile.type === 'sampled'
        ? profile.weights.reduce((sum, w, i) => sum + (profile.samples[i].length > 0 ? w : 0), 0)
        : 0,
    );
    expect(totals[activeProfileIndex]).toBe(Math.max(...totals));
  });

  it('has the ranges of host threads as they nest, Python with file and line', async () => {
    const trace = await openFile('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
    const { file, report } = await profileOf(trace);
    const threads = file.profiles.filter((profile) => profile.type === 'evented');
    const opened = threads.flatMap(({ events }) => events.filter(({ type }) => type === 'O'));
    expect(opened.length).toBe(trace.ranges.count);
    expect(report.rows).toContainEqual({ what: 'ranges', rows: trace.ranges.count });
    const { frames } = file.shared;
    expect(frames.some(({ file: path = '', line = 0 }) => path.endsWith('.py') && line > 0)).toBe(
      true,
    );
    const modules = [...trace.ranges.kind.keys()].filter((i) => trace.ranges.kind[i] === MODULE);
    expect(modules.length).toBeGreaterThan(0);
    const shown = new Set(frames.map(({ name }) => name));
    expect(modules.every((i) => shown.has(moduleName(trace.names.get(trace.ranges.name[i]))))).toBe(
      true,
    );
  });

  it('says how many ranges it had to cut, where they overlap', async () => {
    const { trace } = smallTrace();
    const overlapping: Trace = {
      ...trace,
      ranges: {
        count: 2,
        start: Float64Array.of(0, 50),
        duration: Float64Array.of(100, 100),
        name: Uint32Array.of(1, 2),
        lane: Uint32Array.of(0, 0),
        kind: Uint8Array.of(0, 0),
        parent: Int32Array.of(-1, -1),
      },
    };
    const { file, report } = await profileOf(overlapping);
    expect(file.profiles.every((one) => one.type === 'sampled' || unnested(one).length === 0)).toBe(
      true,
    );
    expect(report.notes.join()).toMatch(/^1 ranges of .* outlast the range they began in/);
  });

  it('of a window begins with the window', async () => {
    const trace = await openFile('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
    const { gpu } = trace;
    const window = { startNs: gpu.start[100], endNs: gpu.start[150] };
    const { file } = await profileOf(trace, window);
    const times = Object.values(timeByOutermost(file)).reduce((sum, ns) => sum + ns, 0);
    expect(times).toBe(gpu.duration.slice(100, 150).reduce((sum, ns) => sum + ns, 0));
    const [stream] = file.profiles;
    expect(stream.type === 'sampled' && stream.samples[0].length).toBeGreaterThan(0);
  });
});
