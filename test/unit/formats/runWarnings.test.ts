import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openRun } from '../../../src/formats/openTrace.js';
import type { RankChoice } from '../../../src/formats/ranks/rankChoice.js';
import type { RunInput, TraceRun } from '../../../src/formats/ranks/traceRun.js';
import type { FormatReader } from '../../../src/formats/reader.js';
import type { Trace } from '../../../src/trace/index.js';
import { readers, refusalOf } from './reading.js';

const TEXTS = [0, 1].map((rank) =>
  gunzipSync(readFileSync(`test/fixtures/kineto/two-ranks.rank${rank}.pt.trace.json.gz`)).toString(
    'utf8',
  ),
);
const DAY = 86_400_000_000;

/** One of the two recordings as that of another rank, of another run, made `late` µs later. */
function recording(of: 0 | 1, rank: number, worldSize: number, late = 0): string {
  return TEXTS[of]
    .replace(/("rank":\s*)\d+(,\s*"world_size":\s*)2/, `$1${rank}$2${worldSize}`)
    .replace(/"ts":\s*(\d+)/g, (_, whole: string) => `"ts": ${BigInt(whole) + BigInt(late)}`);
}

let formats: readonly FormatReader[];
beforeAll(async () => {
  formats = await readers();
});

async function opened(
  files: Readonly<Record<string, string | Uint8Array>>,
  named = true,
  choice: RankChoice = { kind: 'all' },
): Promise<{ run: TraceRun; trace: Trace }> {
  const inputs = Object.entries(files).map(([name, content]): RunInput => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const path = `/run/${name}`;
    return {
      path,
      name: name.replace(/^.*\//, ''),
      named,
      open: async () => bytesSource(path, name.replace(/^.*\//, ''), bytes),
    };
  });
  return openRun(inputs, formats, choice);
}

const said = ({ report }: Trace, code: string): readonly string[] =>
  report.warnings.flatMap((warning) => (warning.code === code ? warning.message : []));

const ODD = [
  'different-runs',
  'missing-ranks',
  'not-at-once',
  'same-recording',
  'rank-without-gpu-events',
  'duplicate-rank',
  'unreadable-ranks',
  'left-out-files',
];

describe('files opened together', () => {
  it('that are the ranks of one run are not doubted', async () => {
    const { trace } = await opened({ 'a.json': recording(0, 0, 2), 'b.json': recording(1, 1, 2) });
    expect(ODD.flatMap((code) => said(trace, code))).toEqual([]);
  });

  it('that state runs of different sizes', async () => {
    const { trace } = await opened({
      'a.json': recording(0, 0, 2),
      'x/b.json': recording(1, 1, 8),
    });
    expect(said(trace, 'different-runs')).toEqual([
      'The files state runs of different sizes: 2 ranks (a.json), 8 ranks (b.json). They may be of different runs, whose figures do not belong together.',
    ]);
  });

  it('of which some ranks are missing, or beyond the run', async () => {
    const files = {
      'a.json': recording(0, 0, 8),
      'b.json': recording(1, 3, 8),
      'c.json': recording(1, 7, 8),
    };
    // Ranks that are there and not loaded are not missing.
    const { run, trace } = await opened(files, true, { kind: 'numbers', numbers: [3] });
    for (const some of [trace, await run.load({ kind: 'all' })]) {
      expect(said(some, 'missing-ranks')).toEqual([
        'The run has 8 ranks, as its files state, and no file of rank 1-2, 4-6 is among them.',
      ]);
    }
    const huge = 9_000_000_000_000_000;
    const beyond = await opened({
      'a.json': recording(0, 0, 2),
      'b.json': recording(1, 1, 2),
      'c.json': recording(1, 5, 2),
    });
    expect(said(beyond.trace, 'different-runs')[0]).toContain(
      'a run of 2 ranks, which has no rank 5',
    );
    const hostile = await opened({
      'a.json': recording(0, 0, huge),
      'b.json': recording(1, 1, huge),
    });
    expect(said(hostile.trace, 'missing-ranks')[0]).toContain(`no file of rank 2-${huge - 1} is`);
  });

  it('that were recorded days apart', async () => {
    const { trace } = await opened({
      'a.json': recording(0, 0, 2),
      'b.json': recording(1, 1, 2, 3 * DAY),
    });
    expect(said(trace, 'not-at-once')[0]).toMatch(
      /^By their clocks the files were not recorded at the same time: rank 0; then rank 1, with up to 3 days between them\./,
    );
  });

  it('of which two are the same recording', async () => {
    const { trace } = await opened({
      'a.json': recording(0, 0, 2),
      'b.json': recording(0, 0, 2),
      'c.json': recording(0, 1, 2),
    });
    expect(said(trace, 'same-recording')).toEqual([
      'rank 0 (b.json), rank 1 hold the same events as rank 0 (a.json): every sum and count has them 3 times.',
    ]);
    expect(said(trace, 'duplicate-rank')).toHaveLength(1);
    const { trace: other } = await opened({
      'x/t.json': recording(0, 0, 2),
      'y/t.json': recording(1, 0, 2),
    });
    expect(said(other, 'same-recording')).toEqual([]);
    expect(other.ranks.map(({ label }) => label).sort()).toEqual([
      'rank 0 (/run/x/t.json)',
      'rank 0 (/run/y/t.json)',
    ]);
  });

  it('of which one has no GPU events, or no collectives', async () => {
    const json = JSON.parse(recording(1, 1, 2)) as { traceEvents: readonly { cat?: string }[] };
    const traceEvents = json.traceEvents.filter(({ cat = '' }) => !/kernel|gpu_mem/.test(cat));
    const { trace } = await opened({
      'a.json': recording(0, 0, 2),
      'b.json': JSON.stringify({ ...json, traceEvents }),
    });
    expect(said(trace, 'rank-without-gpu-events')).toEqual([
      'rank 1 has no GPU events: figures of GPU time are of the other ranks alone.',
    ]);
    expect(trace.ranks[1].clock?.note).toContain('rank 1 has no collectives to compare');
  });
});

describe('files of a folder that cannot be read', () => {
  const packed = gzipSync(recording(1, 1, 3));
  packed[packed.length >> 1] ^= 0xff;
  const empty = '{"schemaVersion":1,"traceEvents":[]}';
  const files = {
    'rank0.json': recording(0, 0, 3),
    'rank1.json.gz': packed,
    'rank2.json': empty,
  };

  it('are said with their names, once however often others are chosen', async () => {
    const { run, trace } = await opened(files, false);
    for (const some of [trace, await run.load({ kind: 'few' }), await run.load({ kind: 'all' })]) {
      const [message, ...more] = said(some, 'unreadable-ranks');
      expect(more).toEqual([]);
      expect(message).toContain('2 files of the run cannot be read, and are in no figure');
      expect(message).toContain('rank1.json.gz: Bytes of this gzip file have changed');
      expect(message).toContain('rank2.json: This trace holds no events.');
      expect(some.run?.map(({ loaded, problem }) => [loaded, problem === undefined])).toEqual([
        [true, true],
        [false, false],
        [false, false],
      ]);
      expect(said(some, 'left-out-files')).toEqual([]);
    }
  });

  it('are refused with their names where they were named', async () => {
    const [first, second] = await Promise.all(
      ['rank1.json.gz', 'rank2.json'].map((name) =>
        refusalOf(
          opened({
            'rank0.json': files['rank0.json'],
            [name]: files[name as keyof typeof files],
          }),
        ),
      ),
    );
    expect(first.message).toMatch(/^rank1\.json\.gz: Bytes of this gzip file have changed/);
    expect(second.message).toBe('rank2.json: This trace holds no events.');
    expect((await refusalOf(opened({ 'rank2.json': empty }))).message).toBe(
      'This trace holds no events.',
    );
  });
});
