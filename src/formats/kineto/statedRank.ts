import { NO_RANK, type Probe, type StatedRank } from '../reader.js';
import { isMerged } from './rankRows.js';

/** What stands behind the events of a plain file is within its last bytes. */
const TAIL_BYTES = 64 * 1024;

/**
 * The rank a PyTorch trace states in `distributedInfo`, which stands before the events or behind them:
 * its first 64 KiB are looked at, and of a file that is not packed the last. A packed file that states
 * it behind the events states nothing here.
 */
export async function statedRank({ source, content, gzip }: Probe): Promise<StatedRank> {
  const head = new TextDecoder().decode(content);
  if (isMerged(head)) {
    return { ...NO_RANK, several: true, device: onlyDevice(head) };
  }
  const inHead = rankIn(head.slice(0, eventsAt(head)));
  const device = onlyDevice(head);
  if (inHead !== undefined || gzip || source.size <= content.length) {
    return { ...(inHead ?? NO_RANK), device };
  }
  const from = Math.max(content.length, source.size - TAIL_BYTES);
  const tail = new TextDecoder().decode(await source.read(from, source.size - from));
  return { ...(rankIn(tail) ?? NO_RANK), device };
}

/** Arguments of events may hold any text: only what stands before them is the file's own word. */
function eventsAt(head: string): number {
  const at = head.search(/"traceEvents"\s*:/);
  const own = head.search(/"distributedInfo"\s*:/);
  return at < 0 || own > at ? head.length : at;
}

/**
 * Rank and size of the last `distributedInfo` in the text. They stand before its list of process
 * groups, which may be longer than what is looked at.
 */
function rankIn(text: string): { rank: number; worldSize: number } | undefined {
  const found = [...text.matchAll(/"distributedInfo"\s*:\s*\{([^[\]{}]*)/g)].at(-1)?.[1];
  const number = (key: string): number => {
    const digits = new RegExp(`"${key}"\\s*:\\s*(\\d{1,9})(?!\\d)`).exec(found ?? '')?.[1];
    return digits === undefined ? -1 : Number(digits);
  };
  const rank = number('rank');
  return rank < 0 ? undefined : { rank, worldSize: number('world_size') };
}

/** The name all GPUs of `deviceProperties` share: which of them the rank used, its events say. */
function onlyDevice(head: string): string {
  const list = /"deviceProperties"\s*:\s*\[([^\]]*)/.exec(head)?.[1] ?? '';
  const names = new Set([...list.matchAll(/"name"\s*:\s*"([^"\\]*)"/g)].map(([, name]) => name));
  return names.size === 1 ? [...names][0] : '';
}
