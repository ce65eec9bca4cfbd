import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { kinetoReader } from '../../src/formats/kineto/kinetoReader.js';
import type { TraceSource } from '../../src/formats/reader.js';
import { UnpackAllowance } from '../../src/formats/unpackAllowance.js';

const MIB = 2 ** 20;
const EVENTS_A_BLOCK = 4096;
/** Text of a block of events, 16 MiB: most of it is arguments that no column keeps. */
const BLOCK = Buffer.from(
  Array.from({ length: EVENTS_A_BLOCK }, (_, i) => {
    const event = `{"ph":"X","cat":"kernel","name":"kernel ${i % 50}","pid":0,"tid":7,"ts":${i},"dur":0.5,"args":{"stream":7,"device":0,"note":"`;
    return `${event}${'.'.repeat(4096 - event.length - 5)}"}},\n`;
  }).join(''),
);
const HEAD = Buffer.from('{"schemaVersion":1,"traceEvents":[\n');
const TAIL = Buffer.from('{"ph":"M","name":"process_name","pid":0,"tid":0}]}\n');

/** A file of `parts`, made as it is read; it is nowhere as a whole. */
function madeSource(name: string, parts: readonly Uint8Array[]): TraceSource {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.length;
  }
  return {
    path: `/made/${name}`,
    name,
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length);
      const out = new Uint8Array(Math.max(0, end - offset));
      parts.forEach((part, i) => {
        const from = Math.max(offset, starts[i]);
        const to = Math.min(end, starts[i] + part.length);
        if (from < to) {
          out.set(part.subarray(from - starts[i], to - starts[i]), from - offset);
        }
      });
      return out;
    },
    close: async () => undefined,
  };
}

const BLOCKS = 80; // 1.25 GiB: a string ends at 512 MiB, a Buffer of many hosts at 1 GiB

it.each([
  ['as it is', (part: Uint8Array): Uint8Array => part],
  ['packed', (part: Uint8Array): Uint8Array => new Uint8Array(gzipSync(part, { level: 1 }))],
])('1.25 GiB of JSON, %s, are read in bounded memory', async (how, stored) => {
  const block = stored(BLOCK);
  const parts = [stored(HEAD), ...Array.from({ length: BLOCKS }, () => block), stored(TAIL)];
  const source = madeSource('long.json', parts);
  expect(HEAD.length + BLOCK.length * BLOCKS).toBeGreaterThan(1250 * MIB);
  if (how === 'as it is') {
    expect(source.size).toBeGreaterThan(1250 * MIB);
  }
  // Resident, after the collector: columns reserve addresses that they may never use.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage.rss();
  };
  const before = used();
  let most = 0;
  const trace = await kinetoReader.read(source, {
    unpacking: new UnpackAllowance(Infinity),
    progress: () => (most = Math.max(most, used() - before)),
  });
  expect(trace.gpu.count).toBe(BLOCKS * EVENTS_A_BLOCK);
  expect(trace.report.warnings.map(({ code }) => code)).toEqual(['no-launch']);
  expect(trace.names.size).toBeLessThan(100);
  // Columns of 327,680 events and the chunk at hand, never the text.
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(250 * MIB);
});
