import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** What the tests compare with: the same file through JSON.parse, and its times as their text. */
export interface PlainTrace {
  readonly text: string;
  readonly document: Record<string, unknown>;
  readonly events: readonly PlainEvent[];
}
export interface PlainEvent {
  readonly ph: string;
  readonly cat?: string;
  readonly name: string;
  readonly pid: number | string;
  readonly tid: number | string;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
  /** `ts` and `dur` as the file has them */
  readonly tsText: string;
  readonly durText: string | undefined;
}

export function plainTrace(path: string): PlainTrace {
  const bytes = readFileSync(path);
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8');
  // Numbers of events lose their text in JSON.parse: they are made strings first.
  const quoted = text.replace(/"(ts|dur)":\s*(-?[\d.]+)/g, '"$1":"$2"');
  const document = JSON.parse(quoted) as Record<string, unknown>;
  const rows = document['traceEvents'] as (Omit<PlainEvent, 'tsText' | 'durText' | 'dur'> & {
    ts: string;
    dur?: string;
  })[];
  const events = rows.map((row): PlainEvent => ({
    ...row,
    dur: Number(row.dur),
    tsText: row.ts,
    durText: row.dur,
  }));
  return { text, document, events };
}

/** Decimal microseconds as whole ns, by their digits. */
export function nsOfText(us: string): bigint {
  const [whole, decimals = ''] = us.split('.');
  if (decimals.length > 3) {
    throw new Error(`${us} is finer than a nanosecond`);
  }
  return BigInt(whole) * 1000n + BigInt(decimals.padEnd(3, '0'));
}

/** ns as decimal microseconds with three decimals. */
export function textOfNs(ns: bigint): string {
  return `${ns / 1000n}.${String(ns % 1000n).padStart(3, '0')}`;
}
