import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { TraceOpenError } from '../../../src/trace/index.js';
import { seeded } from '../../fuzz/random.js';
import { openBytes } from './reading.js';
import { soundOrRefused } from './soundOrRefused.js';

const DATABASES = [
  'flat/article_600.db',
  'ingero/plain_0.8.db',
  'nsys/before_2.9.sqlite',
  'rocpd/process_901.db',
  'rpd/serving.rpd',
];

describe.each(DATABASES)('%s cut at every page', (file) => {
  it('gives the rows of the pages that are left, and says so', async () => {
    const whole = new Uint8Array(readFileSync(`test/fixtures/${file}`));
    const { report } = await openBytes(whole);
    const pageSize = new DataView(whole.buffer, whole.byteOffset).getUint16(16);
    let opened = 0;
    for (let length = pageSize; length < whole.length; length += pageSize) {
      const result = await soundOrRefused(whole.slice(0, length), 'cut.db');
      if (result instanceof TraceOpenError) {
        expect(['damaged', 'not-a-trace', 'unsupported']).toContain(result.code);
        continue;
      }
      opened++;
      expect(result.report.rowsRead).toBeLessThanOrEqual(report.rowsRead);
      expect(result.report.warnings.map(({ code }) => code)).toContain('truncated');
    }
    expect(opened).toBeGreaterThan(0);
  });
});

const TEXTS = [
  'plain.pt.trace.json.gz',
  'graph.pt.trace.json.gz',
  'array-form.json',
  'metadata-last.json',
  'hip-graph.json',
];

describe.each(TEXTS)('%s cut in 64 places', (file) => {
  const stored = new Uint8Array(readFileSync(`test/fixtures/kineto/${file}`));

  it.each(file.endsWith('.gz') ? ['as it is stored', 'unpacked'] : ['as it is stored'])(
    '%s: the rows up to the cut, and where it is',
    async (how) => {
      const whole = how === 'unpacked' ? new Uint8Array(gunzipSync(stored)) : stored;
      const { report } = await openBytes(whole, file);
      let opened = 0;
      let last = 0;
      for (let part = 1; part < 64; part++) {
        const length = Math.floor((whole.length * part) / 64);
        const result = await soundOrRefused(whole.slice(0, length), file);
        if (result instanceof TraceOpenError) {
          expect(['damaged', 'not-a-trace']).toContain(result.code);
          continue;
        }
        opened++;
        const { rowsRead, warnings } = result.report;
        // What is read grows with what is left, and never passes what there was.
        expect(rowsRead).toBeGreaterThanOrEqual(last);
        expect(rowsRead).toBeLessThanOrEqual(report.rowsRead);
        last = rowsRead;
        if (rowsRead < report.rowsRead) {
          const codes = warnings.map(({ code }) => code);
          expect(codes.includes('truncated') || codes.includes('unclosed')).toBe(true);
        }
      }
      expect(opened).toBeGreaterThan(file.endsWith('.gz') ? 32 : 1);
    },
  );
});

describe('random bytes', () => {
  const MAGICS = [
    '',
    'SQLite format 3\u0000',
    '\u001f\u008b\b\u0000',
    '{"traceEvents":[',
    '[{"ph":"X"',
  ];

  it.each(MAGICS.map((magic) => [JSON.stringify(magic), magic]))(
    'after %s are refused with a sentence, or hold nothing unsound',
    async (_, magic) => {
      const random = seeded(magic.length + 1);
      for (let round = 0; round < 40; round++) {
        const bytes = Uint8Array.from({ length: 1 + random.below(20_000) }, () =>
          random.below(256),
        );
        bytes.set(Buffer.from(magic, 'latin1').subarray(0, bytes.length));
        if (magic.startsWith('SQLite') && bytes.length > 18) {
          // A page size SQLite takes: else the header alone is judged.
          bytes.set([16, 0], 16);
        }
        const result = await soundOrRefused(bytes, 'random.db');
        if (magic === '') {
          expect(result).toBeInstanceOf(TraceOpenError);
        }
      }
    },
  );
});
