import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  TraceEventStream,
  type EventFields,
  type EventSink,
  type StreamEnd,
} from '../../../src/formats/kineto/eventStream.js';
import { FIXTURES } from './readFixture.js';

class Recorder implements EventSink {
  readonly events: string[] = [];
  readonly keys: string[] = [];
  damagedRows = 0;

  event(f: EventFields): void {
    this.events.push(
      [f.ph, f.cat, f.name, f.pid, f.tid, f.ts, f.dur, f.correlation, f.grid, f.pythonParent]
        .map((span) => f.text(span))
        .join('|'),
    );
  }
  damaged(): void {
    this.damagedRows++;
  }
  metadata(key: string, json: string): void {
    this.keys.push(`${key}=${json}`);
  }
}

function parse(bytes: Uint8Array, piece = bytes.length): { recorder: Recorder; end: StreamEnd } {
  const recorder = new Recorder();
  const stream = new TraceEventStream(recorder);
  for (let i = 0; i < bytes.length; i += piece) {
    stream.push(bytes.subarray(i, i + piece));
  }
  return { recorder, end: stream.end() };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const row = (name: string, more = ''): string => `{"ph":"X","cat":"c","name":"${name}"${more}}`;

describe('pieces', () => {
  test.each([
    'control-characters.json',
    'array-form.json',
    'metadata-last.json',
    'hip-graph.json',
    'truncated.json',
  ])('%s reads the same in pieces of any size', (name) => {
    const bytes = readFileSync(FIXTURES + name);
    const whole = parse(bytes);
    expect(whole.recorder.events.length).toBeGreaterThan(0);
    for (const piece of [1, 2, 3, 7, 64, 333]) {
      expect(parse(bytes, piece)).toEqual(whole);
    }
  });

  test('a recorded trace reads as JSON.parse reads it', () => {
    const bytes = gunzipSync(readFileSync(FIXTURES + 'plain.pt.trace.json.gz'));
    const { traceEvents } = JSON.parse(bytes.toString()) as {
      traceEvents: Record<string, unknown>[];
    };
    const { recorder, end } = parse(bytes, 100_000);
    expect(end).toMatchObject({ complete: true, opened: true, cutAt: undefined });
    expect(recorder.events.map((e) => e.split('|')[2])).toEqual(traceEvents.map((e) => e['name']));
  });
});

describe('damage', () => {
  test.each([
    ['a missing comma', `{"ph":"X" "cat":"c"}`],
    ['a string left open by a backslash', `{"ph":"X","name":"C:\\","cat":"c"}`],
    ['the same inside arguments', `{"ph":"X","args":{"a":["x\\","y"],"b":[{"c":1},{"d":2}]}}`],
    ['a quote inside a name', `{"ph":"X","name":"say "hello" {","cat":"c"}`],
    ['nothing but a brace', `{`],
    ['zero bytes', '{"ph":"X","na\0\0\0\0\0\0'],
    ['half an event', `{"ph":"X","cat":"ker`],
  ])('%s costs one row', (_, damaged) => {
    const text = `{"traceEvents":[${row('a')},${damaged},${row('b')},${row('c')}],"schemaVersion":1}`;
    for (const piece of [1, 5, 10_000]) {
      const { recorder, end } = parse(encode(text), piece);
      expect(recorder.events.map((e) => e.split('|')[2])).toEqual(['a', 'b', 'c']);
      expect(recorder.damagedRows).toBe(1);
      expect(recorder.keys).toEqual(['schemaVersion=1']);
      expect(end.complete).toBe(true);
    }
  });

  test('a damaged last event does not hide what follows the events', () => {
    const text = `{"traceEvents":[${row('a')},{"ph" 1}],"baseTimeNanoseconds":5}`;
    const { recorder, end } = parse(encode(text));
    expect(recorder.damagedRows).toBe(1);
    expect(recorder.keys).toEqual(['baseTimeNanoseconds=5']);
    expect(end.complete).toBe(true);
  });

  test('entries that are no objects are damage, commas too many are not', () => {
    const { recorder } = parse(encode(`[${row('a')},null,7,"text",[1],${row('b')},]`));
    expect(recorder.events.length).toBe(2);
    expect(recorder.damagedRows).toBe(4);
  });

  test('damage behind the events keeps them and is located', () => {
    const text = `{"traceEvents":[${row('a')}],!"x":1}`;
    const { recorder, end } = parse(encode(text));
    expect(recorder.events.length).toBe(1);
    expect(end.brokenAt).toBe(text.indexOf('!') - 1);
  });

  test('an event larger than the buffer is read', () => {
    const long = 'n'.repeat(9 << 20);
    const { recorder } = parse(encode(`{"traceEvents":[${row(long)},${row('b')}]}`), 1 << 20);
    expect(recorder.events.map((e) => e.split('|')[2].length)).toEqual([9 << 20, 1]);
  });
});
