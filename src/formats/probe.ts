import { Gunzip } from 'fflate';
import type { Probe, TraceSource } from './reader.js';

const PROBE_BYTES = 64 * 1024;

/** Reads a file's first bytes and unpacks them where they are gzip. @throws TraceOpenError */
export async function probeSource(source: TraceSource): Promise<Probe> {
  const head = await source.read(0, PROBE_BYTES);
  const gzip = head.length > 2 && head[0] === 0x1f && head[1] === 0x8b;
  let content = gzip ? gunzipHead(head) : head;
  if (gzip && content.length === 0 && source.size > head.length) {
    // A block that is stored as it is may be as long as the head, and is unpacked as a whole.
    content = gunzipHead(await source.read(0, 2 * PROBE_BYTES));
  }
  return { source, head, content, gzip };
}

/** What the first bytes of a gzip file unpack to, as far as they go; empty where they are damaged. */
function gunzipHead(head: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const gunzip = new Gunzip((part) => {
    parts.push(part);
    length += part.length;
  });
  // Small steps, so that a file made to unpack to gigabytes is not unpacked further than needed.
  const step = 1024;
  try {
    for (let at = 0; at < head.length && length < PROBE_BYTES; at += step) {
      gunzip.push(head.subarray(at, at + step), false);
    }
  } catch (error) {
    if (!(error instanceof Error)) {
      throw error;
    }
    // Damage after the first bytes is for the reader to meet; what came before tells the format.
  }
  const content = new Uint8Array(Math.min(length, PROBE_BYTES));
  let at = 0;
  for (const part of parts) {
    content.set(part.subarray(0, content.length - at), at);
    at += Math.min(part.length, content.length - at);
  }
  return content;
}
