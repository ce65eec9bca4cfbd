import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ReadOptions, TraceSource } from '../../../src/formats/reader.js';
import { kinetoReader } from '../../../src/formats/kineto/kinetoReader.js';
import type { Trace } from '../../../src/trace/index.js';

export const FIXTURES = 'test/fixtures/kineto/';

/** Bytes as a file; `read` gives at most `piece` bytes at once. */
export function sourceOf(path: string, bytes: Uint8Array): TraceSource {
  return {
    path,
    name: basename(path),
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  };
}

export function readTrace(path: string, options: ReadOptions = {}): Promise<Trace> {
  return kinetoReader.read(sourceOf(path, readFileSync(path)), options);
}

export function readText(text: string, name = 'trace.json'): Promise<Trace> {
  return kinetoReader.read(sourceOf(name, new TextEncoder().encode(text)), {});
}

export function readFixture(name: string): Promise<Trace> {
  return readTrace(FIXTURES + name);
}

export function skippedRows(trace: Trace): Record<string, number> {
  return Object.fromEntries(trace.report.skipped.map((s) => [s.reason, s.rows]));
}

export function warningCodes(trace: Trace): string[] {
  return trace.report.warnings.map((w) => w.code);
}

/** Names from the innermost range of a launch outwards. */
export function rangePath(trace: Trace, launch: number): string[] {
  const path: string[] = [];
  for (let r = trace.launches.range[launch]; r >= 0; r = trace.ranges.parent[r]) {
    path.push(trace.names.get(trace.ranges.name[r]));
  }
  return path;
}
