import type { FormatId, Lane, Rank, Trace } from '../trace/index.js';

/** Recorders of AMD GPUs; PyTorch calls a device "cuda" on both. */
const HIP_FORMATS: ReadonlySet<FormatId> = new Set(['rocpd', 'rpd']);

/** "cuda:0", or "hip:0" where the recorder knows AMD GPUs only. */
export function deviceName(trace: Trace, lane: Lane): string {
  return `${HIP_FORMATS.has(trace.format) ? 'hip' : 'cuda'}:${lane.device}`;
}

/**
 * Where a counter is measured: "cuda:0" or "host", with its rank in front where the trace has several.
 */
export function counterPlace(
  { format, ranks }: Pick<Trace, 'format' | 'ranks'>,
  { rank, device }: { readonly rank: number; readonly device: number },
): string {
  const place = device < 0 ? 'host' : `${HIP_FORMATS.has(format) ? 'hip' : 'cuda'}:${device}`;
  return ranks.length > 1 ? `${rankName(ranks[rank])} ${place}` : place;
}

/** "rank 1"; its label where the file states no number, or where two files state the same. */
export function rankName({ rank, label }: Rank): string {
  return label === '' && rank >= 0 ? `rank ${rank}` : label;
}

/**
 * Names of all lanes, each different: "cuda:0 stream 7", with its rank in front where the trace has
 * several; a thread as its label has it. Lanes that would read the same get their process, then
 * their position, behind them.
 */
export function laneNames(trace: Trace): readonly string[] {
  const several = trace.ranks.length > 1;
  const plain = trace.lanes.map((lane) => {
    const rank = several ? trace.ranks[lane.rank] : undefined;
    const name = laneName(trace, lane);
    return rank === undefined ? name : `${rankName(rank)} ${name}`;
  });
  const withProcess = apart(plain, (name, i) => {
    const { process } = trace.lanes[i];
    return process === '' ? name : `${name} (process ${process})`;
  });
  return apart(withProcess, (name, i) => `${name} #${i}`);
}

function laneName(trace: Trace, lane: Lane): string {
  if (lane.kind !== 'stream') {
    return lane.label;
  }
  const device = deviceName(trace, lane);
  return lane.id === '' ? device : `${device} stream ${lane.id}`;
}

/** The names, those that occur more than once made longer. */
function apart(
  names: readonly string[],
  longer: (name: string, index: number) => string,
): readonly string[] {
  const times = new Map<string, number>();
  for (const name of names) {
    times.set(name, (times.get(name) ?? 0) + 1);
  }
  return names.map((name, i) => (times.get(name) === 1 ? name : longer(name, i)));
}
