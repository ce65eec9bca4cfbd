import {
  DANGLING_STACK,
  HOST_KINDS,
  HostBuilder,
  NO_STACK,
  type HostKind,
  type NameTable,
} from '../../trace/index.js';
import { hostKind } from '../hostKind.js';
import type { NsysApiCalls } from './apiCalls.js';
import type { CallChains } from './callChains.js';
import type { NsysPlaces } from './places.js';
import { number, type NsysRows } from './rows.js';
import { processKey, threadId } from './schema.js';
import type { NsysStrings } from './strings.js';

/** Values of `syncType` (ENUM_CUPTI_SYNC_TYPE; exports before 3.0 have no such table). */
const SYNC_TYPES: Readonly<Record<number, string>> = {
  1: 'CUDA event synchronize',
  2: 'CUDA stream wait event',
  3: 'CUDA stream synchronize',
  4: 'CUDA context synchronize',
};

/** `eventClass` of rows that say when tracing of OS runtime calls began and ended: of thread 0 and no length. */
const TRACING: ReadonlySet<number> = new Set([31, 32]);

const OS_CALLS_TABLE = 'OSRT_API';

const OTHER = HOST_KINDS.indexOf('other');
const OVERHEAD = HOST_KINDS.indexOf('overhead');
const SCHEDULER = HOST_KINDS.indexOf('scheduler');

/** Kinds of OS runtime calls whose names do not begin like the kernel's own events. */
const OS_CALLS: readonly (readonly [RegExp, HostKind])[] = [
  [/^(mmap|munmap|mremap|brk|madvise|malloc|free)/, 'memory'],
  [/^(fork|vfork|exec|posix_spawn|wait|clone|pthread_create|pthread_join)/, 'process'],
  [/^(connect|accept|listen|bind|shutdown)/, 'network'],
  [
    /^(open|close|fopen|fclose|fread|fwrite|fgets|fputs|pread|pwrite|ioctl|writev|readv|sync)/,
    'io',
  ],
];

/** What happened on host threads beside API calls and ranges. */
export class NsysHostEvents {
  readonly builder = new HostBuilder();
  private readonly nameIds = new Map<string, { name: number; kind: number }>();

  constructor(
    private readonly names: NameTable,
    private readonly places: NsysPlaces,
    private readonly strings: NsysStrings,
  ) {}

  /** @throws SqlError; the signal's reason once it is aborted */
  async read(rows: NsysRows, calls: NsysApiCalls, chains: CallChains): Promise<void> {
    await this.synchronisations(rows, calls);
    await this.named(rows, OS_CALLS_TABLE, 'Reading operating system calls', osCallKind, chains);
    await this.named(rows, 'PROFILER_OVERHEAD', 'Reading profiler overhead', () => OVERHEAD);
    await this.named(rows, 'CUPTI_ACTIVITY_KIND_OVERHEAD', 'Reading overhead', () => OVERHEAD);
    await this.scheduling(rows);
  }

  private async named(
    rows: NsysRows,
    table: string,
    stage: string,
    kindOf: (name: string) => number,
    chains?: CallChains,
  ): Promise<void> {
    let dangling = 0;
    const globalTid = rows.schema.column(table, 'globalTid');
    await rows.each(
      table,
      [
        ...rows.times(table),
        processKey(globalTid),
        threadId(globalTid),
        rows.schema.column(table, 'nameId'),
        rows.schema.column(table, 'callchainId'),
        rows.schema.column(table, 'eventClass'),
      ],
      stage,
      (row) => {
        const [start, duration, process, thread, nameId, chain, eventClass] = row.map(number);
        if (TRACING.has(eventClass)) {
          rows.unread.add('when the tracing of operating system calls began and ended (OSRT_API)');
        } else if (rows.accepts(start, duration)) {
          const lane = this.places.thread(process, thread);
          // 0 is what the recorder writes where it took no stack.
          const stack = chains === undefined || chain === 0 ? NO_STACK : chains.find(chain);
          dangling += stack === DANGLING_STACK ? 1 : 0;
          this.builder.push({ start, duration, lane, stack, ...this.face(table, nameId, kindOf) });
        }
      },
    );
    if (dangling > 0) {
      rows.warnings.push({
        code: 'dangling-stack',
        message: `${dangling} operating system calls point at a stack that the file does not hold.`,
        rows: dangling,
      });
    }
  }

  /** Waits of the host for the GPU, on the thread of the call that waited. */
  private async synchronisations(rows: NsysRows, calls: NsysApiCalls): Promise<void> {
    const table = 'CUPTI_ACTIVITY_KIND_SYNCHRONIZATION';
    const column = (name: string) => rows.schema.column(table, name);
    await rows.each(
      table,
      [
        ...rows.times(table),
        processKey(column('globalPid')),
        column('correlationId'),
        column('syncType'),
      ],
      'Reading synchronisations',
      (row) => {
        const [start, duration, process, correlation, type] = row.map(number);
        if (rows.accepts(start, duration)) {
          const call = calls.find(process, correlation);
          const lane = call >= 0 ? calls.builder.lane.get(call) : this.places.thread(process, NaN);
          const name = this.names.intern(SYNC_TYPES[type] ?? 'CUDA synchronize');
          this.builder.push({ start, duration, lane, name, kind: OTHER });
        }
      },
    );
  }

  /**
   * A row says that a thread got a processor or lost it. What is shown is the time without one: from
   * losing it to getting one again; of length 0 where it never did.
   */
  private async scheduling(rows: NsysRows): Promise<void> {
    const table = 'SCHED_EVENTS';
    const switches = new Map<number, { start: number; on: boolean }[]>();
    const globalTid = rows.schema.column(table, 'globalTid');
    await rows.each(
      table,
      [
        `"start" - (${rows.base})`,
        processKey(globalTid),
        threadId(globalTid),
        rows.schema.column(table, 'isSchedIn'),
      ],
      'Reading context switches',
      (row) => {
        const [start, process, thread, on] = row.map(number);
        if (rows.accepts(start, 0)) {
          const lane = this.places.thread(process, thread);
          const ofLane = switches.get(lane) ?? [];
          switches.set(lane, ofLane);
          ofLane.push({ start, on: on === 1 });
        }
      },
    );
    const name = this.names.intern('off CPU');
    for (const [lane, ofLane] of switches) {
      ofLane.sort((a, b) => a.start - b.start);
      ofLane.forEach(({ start, on }, i) => {
        if (on) {
          rows.unread.add('context switches to a thread, which end its time off CPU');
          return;
        }
        const next = ofLane[i + 1];
        const duration = next === undefined ? 0 : next.start - start;
        this.builder.push({ start, duration, name, lane, kind: SCHEDULER });
      });
    }
  }

  private face(
    table: string,
    nameId: number,
    kindOf: (name: string) => number,
  ): { name: number; kind: number } {
    const key = `${table} ${nameId}`;
    let face = this.nameIds.get(key);
    if (face === undefined) {
      const text = this.strings.get(nameId) || 'unnamed';
      face = { name: this.names.intern(text), kind: kindOf(text) };
      this.nameIds.set(key, face);
    }
    return face;
  }
}

function osCallKind(name: string): number {
  const kind = OS_CALLS.find(([pattern]) => pattern.test(name))?.[1];
  return kind === undefined ? hostKind(name, '') : HOST_KINDS.indexOf(kind);
}
