import type { SqlValue } from '../../sqlite/engine.js';
import { HOST_KINDS, KERNEL, MEMCPY, MEMSET, NO_STACK, type Frame } from '../../trace/index.js';
import type { LinkedRows } from '../linkedRows.js';
import { markerKind } from '../markerKind.js';
import { numberValue, textValue } from '../sqlValues.js';
import { CallNumbers } from './callNumbers.js';
import { isMarkerCategory, regionPlace } from './categories.js';
import type { RocpdCounters } from './counters.js';
import type { Recording } from './recording.js';
import type { Place } from './recording.js';
import type { RocpdLanes } from './rocpdLanes.js';

const MEMORY = HOST_KINDS.indexOf('memory');

/** Columns every table of events is asked for; NULL where it does not have one. */
export const PLACE = ['pid', 'tid', 'agent_id', 'queue_id', 'stream_id', 'track_id'] as const;
const START = 0;
const END = 1;
export const GUID = 2;
const EVENT = 3;
const FIRST_PLACE = 4;
const OWN = FIRST_PLACE + PLACE.length;

const SIZES = [
  'workgroup_size_x',
  'workgroup_size_y',
  'workgroup_size_z',
  'grid_size_x',
  'grid_size_y',
  'grid_size_z',
];

/** Columns of each table of its own; a row has them behind `OWN`. */
export const OWN_COLUMNS = {
  rocpd_region: ['name_id'],
  rocpd_sample: ['name_id', 'timestamp', 'id'],
  rocpd_kernel_dispatch: ['kernel_id', ...SIZES, 'graph_exec_id'],
  rocpd_memory_copy: ['name_id', 'size', 'dst_agent_id', 'src_agent_id', 'graph_exec_id'],
  rocpd_memory_allocate: ['type', 'level'],
} as const;

/**
 * Places the rows of each table of events. A row is: start, end, guid, event, the columns of `PLACE`, and
 * those of `OWN_COLUMNS`. Calls come first: GPU work is linked to them as it is read.
 */
export class RocpdEvents {
  /** launch row of each GPU row, -1 = none */
  readonly launchOf: number[] = [];
  /** rows of `rocpd_sample` that are no events */
  samples = 0;
  /** GPU rows that refer to no event */
  withoutEvent = 0;
  private readonly calls = new CallNumbers();

  constructor(
    private readonly rows: LinkedRows,
    private readonly lanes: RocpdLanes,
    private readonly counters: RocpdCounters,
  ) {}

  addRegion(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const event = numberValue(row[EVENT]);
    const stated = recording.strings.get(numberValue(row[OWN])) ?? '';
    const category = this.category(recording, event);
    const place = regionPlace(category, stated);
    if (place.is === 'skipped') {
      rows.skips.add(place.reason);
      return;
    }
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const at = this.place(recording, row);
    const lane = this.lanes.thread(recording, at);
    const duration = end - start;
    if (place.is === 'launch') {
      const correlation = recording.events.stackId(event);
      this.calls.add(recording, at.process, correlation, stated);
      rows.launches.push({
        start,
        duration,
        name: rows.name(stated),
        lane,
        correlation: correlation > 0 ? correlation : NaN,
        stack: this.stack(recording.events.stack(event)),
      });
    } else if (place.is === 'host') {
      rows.host.push({ start, duration, name: rows.name(stated), lane, kind: place.kind });
    } else {
      // The name of a marker's region is that of the roctx function; its text is the message.
      const text = recording.events.message(event) || stated;
      rows.ranges.push(start, duration, rows.name(text), lane, markerKind(text));
    }
  }

  /** Marks of roctx, which have no length, are samples; all other samples are those of counters. */
  addSample(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const event = numberValue(row[EVENT]);
    const time = numberValue(row[OWN + 1]);
    const at = this.place(recording, row);
    if (!isMarkerCategory(this.category(recording, event))) {
      this.samples++;
      this.counters.sample(recording, numberValue(row[OWN + 2]), event, time, at);
      return;
    }
    if (!rows.fits(time, time)) {
      return;
    }
    const track = recording.tracks.get(numberValue(row[FIRST_PLACE + PLACE.indexOf('track_id')]));
    const text =
      recording.events.message(event) ||
      (recording.strings.get(numberValue(row[OWN])) ?? track?.name ?? '');
    const lane = this.lanes.thread(recording, at);
    rows.ranges.push(time, 0, rows.name(text), lane, markerKind(text));
  }

  addKernel(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const sizes = SIZES.map((_, i) => numberValue(row[OWN + 1 + i]));
    const block = sizes.slice(0, 3);
    // The file counts work-items, as OpenCL does; HIP and CUDA count blocks.
    const grid = sizes.slice(3).map((items, i) => Math.ceil(items / block[i]));
    const at = this.place(recording, row);
    this.pushGpu(recording, row, at, numberValue(row[OWN + 1 + SIZES.length]), {
      start,
      duration: end - start,
      name: rows.name(recording.kernels.get(numberValue(row[OWN])) ?? ''),
      lane: this.lanes.stream(recording, at, at.agent),
      kind: KERNEL,
      shape: rows.shape(grid, block),
    });
  }

  addCopy(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const [name, bytes, to, from, graph] = row.slice(OWN, OWN + 5).map(numberValue);
    const text = recording.strings.get(name) ?? '';
    const at = this.place(recording, row);
    const agent = [to, from, at.agent].find((id) => recording.agents.get(id)?.gpu === true);
    this.pushGpu(recording, row, at, graph, {
      start,
      duration: end - start,
      name: rows.name(text),
      lane: this.lanes.stream(recording, at, agent ?? at.agent),
      kind: /fill|memset/i.test(text) ? MEMSET : MEMCPY,
      bytes,
    });
  }

  /** @param graph id of the graph it is a node of; NaN = none, or the file does not say */
  private pushGpu(
    recording: Recording,
    row: readonly SqlValue[],
    at: Place,
    graph: number,
    event: Parameters<LinkedRows['gpu']['push']>[0],
  ): void {
    const { events } = recording;
    const id = numberValue(row[EVENT]);
    this.withoutEvent += Number.isNaN(id) ? 1 : 0;
    const own = events.stackId(id);
    const launch = this.calls.find(recording, at.process, own, events.parentStackId(id));
    this.counters.work(recording, id, event.start, at);
    this.rows.gpu.push({
      ...event,
      correlation: own > 0 ? own : NaN,
      stack: this.stack(events.stack(id)),
    });
    this.launchOf.push(launch);
    if (graph > 0) {
      this.rows.gpu.replayed.set(this.rows.gpu.count - 1, 1);
    }
  }

  addAllocation(recording: Recording, row: readonly SqlValue[]): void {
    const { rows } = this;
    const [start, end] = [numberValue(row[START]), numberValue(row[END])];
    if (!rows.fits(start, end)) {
      return;
    }
    const [type, level] = [textValue(row[OWN]), textValue(row[OWN + 1])];
    rows.host.push({
      start,
      duration: end - start,
      // "memory alloc (real)"
      name: rows.name(`memory ${type} (${level})`.toLowerCase()),
      lane: this.lanes.thread(recording, this.place(recording, row)),
      kind: MEMORY,
    });
  }

  private category(recording: Recording, event: number): string {
    return recording.categories.get(recording.events.category(event)) ?? '';
  }

  private stack(frames: readonly Frame[]): number {
    return frames.length === 0 ? NO_STACK : this.rows.stacks.add(frames);
  }

  /** From the row itself in schema 3, from its track in schema 4 and for samples. */
  private place(recording: Recording, row: readonly SqlValue[]): Place {
    const [process, thread, agent, queue, stream, trackId] = PLACE.map((_, i) =>
      numberValue(row[FIRST_PLACE + i]),
    );
    const track = recording.tracks.get(trackId);
    const or = (own: number, other: number | undefined): number =>
      Number.isNaN(own) ? (other ?? NaN) : own;
    return {
      process: or(process, track?.process),
      thread: or(thread, track?.thread),
      agent: or(agent, track?.agent),
      queue: or(queue, track?.queue),
      stream: or(stream, track?.stream),
    };
  }
}
