import type { GpuBuilder, Lane, LaunchColumns, NameTable } from '../../trace/index.js';

const GRAPH_LAUNCH = /GraphLaunch/i;
const LAUNCH = /Launch/i;
const COPY_OR_SET = /Mem(cpy|set)/i;

/** A process is taken for a device's owner where its calls explain this share of the device's votes. */
const OWNER_SHARE = 0.95;

export interface LinkResult {
  /** GPU events that no call was found for, those of `ambiguous` among them */
  readonly without: number;
  /** GPU events whose id calls of several processes carry, none of them provably the right one */
  readonly ambiguous: number;
}

/**
 * Links GPU events to the API calls that launched them, by correlation id within the process: writes
 * `gpu.launch` (index in `launches`) and `gpu.replayed`. Time is never used: a kernel without its
 * call keeps -1. Where calls share an id (a runtime call and the driver call under it) the one that
 * launches, copies or sets is taken. An event launched by cudaGraphLaunch, cuGraphLaunch or
 * hipGraphLaunch was replayed from a graph: hundreds of them share its id.
 *
 * Each process counts its ids from 1, and a GPU event does not name its process, only its device. In a
 * file of several processes the device's owner is the process whose calls explain the device's events
 * where those of the others do not; an id that several processes carry on a device without an owner
 * links nothing.
 *
 * @param lanes of both tables
 * @param unique whether no two calls have the same id, in whatever process
 */
export function linkKernels(
  gpu: GpuBuilder,
  launches: LaunchColumns,
  names: NameTable,
  lanes: readonly Lane[],
  unique = false,
): LinkResult {
  const isGraph = names.all().map((name) => GRAPH_LAUNCH.test(name));
  const byProcess = unique ? [callsById(launches)] : callsByProcess(launches, names, lanes);
  const callOf =
    byProcess.length === 1
      ? (id: number) => byProcess[0].get(id)
      : callsOfDevices(gpu, byProcess, lanes);
  let without = 0;
  let ambiguous = 0;
  for (let row = 0; row < gpu.count; row++) {
    const id = gpu.correlation.get(row);
    const launch = isLink(id) ? callOf(id, gpu.lane.get(row)) : undefined;
    if (launch === undefined || launch === AMBIGUOUS) {
      without++;
      ambiguous += launch === AMBIGUOUS ? 1 : 0;
    } else {
      gpu.launch.set(row, launch);
      gpu.replayed.set(row, isGraph[launches.name[launch]] ? 1 : 0);
    }
  }
  return { without, ambiguous };
}

type CallsById = Map<number, number>;

const AMBIGUOUS = -2;

function callsById({ count, correlation }: LaunchColumns): CallsById {
  const calls: CallsById = new Map();
  for (let i = 0; i < count; i++) {
    calls.set(correlation?.[i] ?? NaN, i);
  }
  return calls;
}

/** The call that stands for each correlation id, of each process that made calls. */
function callsByProcess(
  launches: LaunchColumns,
  names: NameTable,
  lanes: readonly Lane[],
): readonly CallsById[] {
  const strength = names
    .all()
    .map((name) => (LAUNCH.test(name) ? 2 : COPY_OR_SET.test(name) ? 1 : 0));
  const processes = new Map<string, CallsById>();
  const ofLane = lanes.map((lane) => {
    const calls = processes.get(lane.process) ?? new Map<number, number>();
    if (lane.kind === 'thread') {
      processes.set(lane.process, calls);
    }
    return calls;
  });
  for (let i = 0; i < launches.count; i++) {
    const id = launches.correlation?.[i] ?? NaN;
    if (!isLink(id)) {
      continue;
    }
    const calls = ofLane[launches.lane[i]];
    const other = calls.get(id);
    if (other === undefined || strength[launches.name[i]] > strength[launches.name[other]]) {
      calls.set(id, i);
    }
  }
  const all = [...processes.values()].filter((calls) => calls.size > 0);
  if (all.length === 1) {
    return all;
  }
  // A call of another kind that happens to carry the id is no reason to doubt.
  const launching = all.map(
    (calls) => new Map([...calls].filter(([, call]) => strength[launches.name[call]] > 0)),
  );
  return launching.some((calls) => calls.size > 0) ? launching : all;
}

/** How ids are looked up where several processes carry them: by the owner of the event's device. */
function callsOfDevices(
  gpu: GpuBuilder,
  byProcess: readonly CallsById[],
  lanes: readonly Lane[],
): (id: number, lane: number) => number | undefined {
  const owners = deviceOwners(gpu, byProcess, lanes);
  return (id, lane) => {
    const owner = owners.get(lanes[lane].device);
    if (owner !== undefined) {
      return byProcess[owner].get(id);
    }
    let found: number | undefined;
    for (const calls of byProcess) {
      const call = calls.get(id);
      if (call !== undefined && found !== undefined) {
        return AMBIGUOUS;
      }
      found ??= call;
    }
    return found;
  };
}

/**
 * The process each device ran for, as an index in `byProcess`; devices that none is proved for are
 * left out. Events that only some of the processes have a call for are the votes.
 */
function deviceOwners(
  gpu: GpuBuilder,
  byProcess: readonly CallsById[],
  lanes: readonly Lane[],
): ReadonlyMap<number, number> {
  const votes = new Map<number, { events: number; of: Uint32Array }>();
  for (let row = 0; row < gpu.count; row++) {
    const id = gpu.correlation.get(row);
    const explains = byProcess.map((calls) => isLink(id) && calls.has(id));
    if (explains.every(Boolean) || !explains.some(Boolean)) {
      continue;
    }
    const { device } = lanes[gpu.lane.get(row)];
    const cast = votes.get(device) ?? { events: 0, of: new Uint32Array(byProcess.length) };
    cast.events++;
    explains.forEach((yes, process) => {
      cast.of[process] += yes ? 1 : 0;
    });
    votes.set(device, cast);
  }
  const owners = new Map<number, number>();
  for (const [device, { events, of }] of votes) {
    const able = [...of.keys()].filter((process) => of[process] >= OWNER_SHARE * events);
    if (able.length === 1) {
      owners.set(device, able[0]);
    }
  }
  return owners;
}

/** 0 is what the profilers write where there is no correlation. */
function isLink(correlation: number): boolean {
  return correlation > 0;
}
