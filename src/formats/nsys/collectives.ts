import {
  KERNEL,
  type CollectiveColumns,
  type GpuColumns,
  type LaunchColumns,
  type NameTable,
  type RangeColumns,
} from '../../trace/index.js';
import type { NcclCall } from './payloads.js';

/** Calls of NCCL's API that exchange data; the group calls around them name nothing. */
const COLLECTIVE =
  /^nccl(AllReduce|ReduceScatter|AllGather|AllToAll|AlltoAll|Broadcast|Bcast|Reduce|Gather|Scatter|Send|Recv)/;
const GROUP_START = 'ncclGroupStart';
const GROUP_END = 'ncclGroupEnd';

/**
 * Names the collective of each NCCL kernel by the innermost NCCL range around its launch, and says what
 * the range's payload does: the communicator, and as the kernel's bytes the size of the message.
 *
 * A group call launches what was called since the group began. Where that is one kind of call, its kernels
 * have that name; a single kernel sends the bytes of all of them.
 *
 * @param calls by range
 * @returns undefined where no payload names a communicator
 */
export function readCollectives(
  gpu: GpuColumns,
  launches: LaunchColumns,
  ranges: RangeColumns,
  names: NameTable,
  calls: ReadonlyMap<number, NcclCall>,
): CollectiveColumns | undefined {
  const isCollective = names.all().map((name) => COLLECTIVE.test(name));
  if (!isCollective.some(Boolean)) {
    return undefined;
  }
  const groups = groupMembers(ranges, names, isCollective);
  const isNccl = names.all().map((name) => /nccl/i.test(name));
  const launchedBy = new Map<number, number[]>();
  for (let i = 0; i < gpu.count; i++) {
    if (gpu.kind[i] !== KERNEL || gpu.launch[i] < 0 || !isNccl[gpu.name[i]]) {
      continue;
    }
    let range = launches.range[gpu.launch[i]];
    while (range >= 0 && !isCollective[ranges.name[range]] && !groups.has(range)) {
      range = ranges.parent[range];
    }
    if (range >= 0) {
      const kernels = launchedBy.get(range);
      if (kernels === undefined) {
        launchedBy.set(range, [i]);
      } else {
        kernels.push(i);
      }
    }
  }

  const entries: { readonly gpu: number; readonly group: number }[] = [];
  for (const [range, kernels] of launchedBy) {
    const members = groups.get(range) ?? [range];
    const kinds = new Set(members.map((member) => ranges.name[member]));
    const name = kinds.size === 1 ? [...kinds][0] : 0;
    const said = members.map((member) => calls.get(member));
    const communicators = new Set(said.map((call) => call?.communicator ?? ''));
    const [communicator = ''] = communicators.size === 1 ? communicators : [];
    const bytes = said.reduce((sum, call) => sum + (call?.bytes ?? NaN), 0);
    for (const kernel of kernels) {
      gpu.collective[kernel] = name;
    }
    if (communicator !== '') {
      const group = names.intern(`NCCL communicator ${BigInt(communicator).toString(16)}`);
      for (const kernel of kernels) {
        entries.push({ gpu: kernel, group });
      }
    }
    if (kernels.length === 1 && kinds.size === 1) {
      gpu.bytes[kernels[0]] = bytes;
    }
  }
  if (entries.length === 0) {
    return undefined;
  }
  entries.sort((a, b) => a.gpu - b.gpu);
  const unstated = (): Float64Array => new Float64Array(entries.length).fill(NaN);
  return {
    count: entries.length,
    gpu: Uint32Array.from(entries, (entry) => entry.gpu),
    group: Uint32Array.from(entries, ({ group }) => group),
    sent: unstated(),
    received: unstated(),
  };
}

/** By the range of the call that ends a group the collectives that were called in it. */
function groupMembers(
  ranges: RangeColumns,
  names: NameTable,
  isCollective: readonly boolean[],
): ReadonlyMap<number, readonly number[]> {
  const [start, end] = [names.find(GROUP_START), names.find(GROUP_END)];
  const open = new Map<number, { depth: number; members: number[] }>();
  const groups = new Map<number, readonly number[]>();
  for (let i = 0; i < ranges.count; i++) {
    const [lane, name] = [ranges.lane[i], ranges.name[i]];
    const group = open.get(lane);
    if (name === start) {
      if (group === undefined) {
        open.set(lane, { depth: 1, members: [] });
      } else {
        group.depth++;
      }
    } else if (group !== undefined && isCollective[name]) {
      group.members.push(i);
    } else if (group !== undefined && name === end && --group.depth === 0) {
      open.delete(lane);
      if (group.members.length > 0) {
        groups.set(i, group.members);
      }
    }
  }
  return groups;
}
