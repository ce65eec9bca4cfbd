import type { GpuBuilder, LaunchColumns, NameTable } from '../../trace/index.js';

const GRAPH_LAUNCH = /GraphLaunch/i;
const LAUNCH = /Launch/i;
const COPY_OR_SET = /Mem(cpy|set)/i;

/**
 * Links GPU events to the API calls that launched them, by correlation id within the process: writes
 * `gpu.launch` (index in `launches`) and `gpu.replayed`. Time is never used: a kernel without its
 * call keeps -1. Where calls share an id (a runtime call and the driver call under it) the one that
 * launches, copies or sets is taken. An event launched by cudaGraphLaunch, cuGraphLaunch or
 * hipGraphLaunch was replayed from a graph: hundreds of them share its id.
 *
 * @returns `without`: GPU events that no call was found for
 */
export function linkKernels(
  gpu: GpuBuilder,
  launches: LaunchColumns,
  names: NameTable,
): { without: number } {
  const strength = names
    .all()
    .map((name) => (LAUNCH.test(name) ? 2 : COPY_OR_SET.test(name) ? 1 : 0));
  const isGraph = names.all().map((name) => GRAPH_LAUNCH.test(name));
  const byCorrelation = new Map<number, number>();
  for (let i = 0; i < launches.count; i++) {
    const id = launches.correlation[i];
    if (!isLink(id)) {
      continue;
    }
    const other = byCorrelation.get(id);
    if (other === undefined || strength[launches.name[i]] > strength[launches.name[other]]) {
      byCorrelation.set(id, i);
    }
  }
  let without = 0;
  for (let row = 0; row < gpu.count; row++) {
    const id = gpu.correlation.get(row);
    const launch = isLink(id) ? byCorrelation.get(id) : undefined;
    if (launch === undefined) {
      without++;
    } else {
      gpu.launch.set(row, launch);
      gpu.replayed.set(row, isGraph[launches.name[launch]] ? 1 : 0);
    }
  }
  return { without };
}

/** 0 is what the profilers write where there is no correlation. */
function isLink(correlation: number): boolean {
  return correlation > 0;
}
