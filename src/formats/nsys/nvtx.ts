import {
  ANNOTATION,
  KERNEL,
  OP,
  type GpuColumns,
  type LaunchColumns,
  type NameTable,
  type RangeColumns,
  type Warning,
} from '../../trace/index.js';
import { nestRanges, RawRanges } from '../kineto/rangeNesting.js';
import type { NsysPlaces } from './places.js';
import { number, type NsysRows } from './rows.js';
import { processKey, threadId } from './schema.js';
import { textOf, type NsysStrings } from './strings.js';

const TABLE = 'NVTX_EVENTS';
/** Values of `eventType` (ENUM_NSYS_EVENT_TYPE). */
const MARK = 34;
const THREAD_NAME = 39;
const PUSH_POP = 59;
const START_END = 60;
const DOMAIN = 75;
/** Names of categories, domains, and CUDA resources. */
const NAMING = new Set([33, THREAD_NAME, DOMAIN, 76, 97, 98, 99]);

/** `aten::add, seq = 7, op_id = 3` as torch.autograd.profiler.emit_nvtx writes an operator. */
const OPERATOR = /^([^\s{][^{]*?), (?:seq|op_id) = -?\d+/;
/** Calls of NCCL's API that exchange data; the group calls around them name nothing. */
const COLLECTIVE =
  /^nccl(AllReduce|ReduceScatter|AllGather|AllToAll|AlltoAll|Broadcast|Bcast|Reduce|Gather|Scatter|Send|Recv)/;

/**
 * Lanes from here on hold start/end ranges while they are nested: they overlap freely and may end on
 * another thread, so nothing lies inside them and they lie in nothing.
 */
const APART = 2 ** 31;

/** The NVTX ranges of an export. */
export class NsysRanges {
  private readonly raw = new RawRanges();
  /** rows without an end, and where they begin */
  private readonly open: number[] = [];
  private readonly ops = new Map<number, number>();
  private readonly texts = new Map<number, { name: number; kind: number }>();
  readonly warnings: Warning[] = [];

  constructor(
    private readonly names: NameTable,
    private readonly places: NsysPlaces,
    private readonly strings: NsysStrings,
  ) {}

  get count(): number {
    return this.raw.count;
  }

  get operators(): number {
    return this.ops.get(OP) ?? 0;
  }

  /** The last end of the ranges that have one, ns from the base; -Infinity without ranges. */
  get lastEnd(): number {
    let last = -Infinity;
    for (let i = 0; i < this.raw.count; i++) {
      last = Math.max(last, this.raw.start[i] + (this.raw.duration[i] || 0));
    }
    return last;
  }

  /** @throws SqlError; the signal's reason once it is aborted */
  async read(rows: NsysRows): Promise<void> {
    const column = (name: string) => rows.schema.column(TABLE, name);
    const globalTid = column('globalTid');
    await rows.each(
      TABLE,
      [
        ...rows.times(TABLE),
        column('eventType'),
        processKey(globalTid),
        threadId(globalTid),
        column('textId'),
        `CAST(${column('text')} AS BLOB)`,
      ],
      'Reading NVTX ranges',
      (row) => {
        const [start, stated, type, process, thread, textId] = row.slice(0, 6).map(number);
        if (NAMING.has(type)) {
          rows.unread.add('names of NVTX domains, threads and resources');
          if (type === THREAD_NAME) {
            const name = row[6] === null ? this.strings.get(textId) : textOf(row[6]);
            this.places.nameThread(process, thread, name);
          }
          return;
        }
        if (type !== PUSH_POP && type !== START_END && type !== MARK) {
          rows.unread.add(`NVTX events of type ${type}`);
          return;
        }
        const isOpen = type !== MARK && Number.isNaN(stated);
        const duration = type === MARK || isOpen ? 0 : stated;
        if (!rows.accepts(start, duration)) {
          return;
        }
        const { name, kind } =
          row[6] === null ? this.registered(textId) : this.textual(textOf(row[6]));
        const lane = this.places.thread(process, thread) + (type === START_END ? APART : 0);
        if (isOpen) {
          this.open.push(this.raw.count);
        }
        this.ops.set(kind, (this.ops.get(kind) ?? 0) + 1);
        this.raw.push(start, duration, name, lane, kind);
      },
    );
  }

  /**
   * Nests the ranges of each thread and finds the innermost one around each call (`launches.range`).
   * @param stop when the recording ended, ns from the base: ranges that were still open end there
   */
  build(launches: LaunchColumns, stop: number): RangeColumns {
    for (const row of this.open) {
      this.raw.duration[row] = Math.max(0, stop - this.raw.start[row]);
    }
    if (this.open.length > 0) {
      this.warnings.push({
        code: 'unclosed-ranges',
        message: `${this.open.length} NVTX ranges were still open when the recording stopped; they are shown up to there.`,
        rows: this.open.length,
      });
    }
    const { columns } = nestRanges(this.raw, [launches], 0);
    for (let i = 0; i < columns.count; i++) {
      if (columns.lane[i] >= APART) {
        columns.lane[i] -= APART;
        columns.parent[i] = -1;
      }
    }
    return columns;
  }

  /** A string of `StringIds`, looked at once. */
  private registered(textId: number): { name: number; kind: number } {
    let known = this.texts.get(textId);
    if (known === undefined) {
      known = this.textual(this.strings.get(textId));
      this.texts.set(textId, known);
    }
    return known;
  }

  private textual(text: string): { name: number; kind: number } {
    const operator = OPERATOR.exec(text);
    return operator === null
      ? { name: this.names.intern(text === '' ? 'unnamed range' : text), kind: ANNOTATION }
      : { name: this.names.intern(operator[1]), kind: OP };
  }
}

/**
 * Names the collective of each NCCL kernel by the innermost NCCL range around its launch. Kernels that a
 * group call launched have none: the group's members are beside it, not around it.
 */
export function nameCollectives(
  gpu: GpuColumns,
  launches: LaunchColumns,
  ranges: RangeColumns,
  names: NameTable,
): void {
  const collective = names.all().map((name) => COLLECTIVE.test(name));
  if (!collective.some(Boolean)) {
    return;
  }
  const isNccl = names.all().map((name) => /nccl/i.test(name));
  for (let i = 0; i < gpu.count; i++) {
    if (gpu.kind[i] !== KERNEL || gpu.launch[i] < 0 || !isNccl[gpu.name[i]]) {
      continue;
    }
    let range = launches.range[gpu.launch[i]];
    while (range >= 0 && !collective[ranges.name[range]]) {
      range = ranges.parent[range];
    }
    gpu.collective[i] = range < 0 ? 0 : ranges.name[range];
  }
}
