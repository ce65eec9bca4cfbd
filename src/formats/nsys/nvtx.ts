import {
  ANNOTATION,
  GrowingColumn,
  KERNEL,
  OP,
  type GpuColumns,
  type Lane,
  type LaunchColumns,
  type NameTable,
  type RangeColumns,
  type Warning,
} from '../../trace/index.js';
import { ForwardLinks } from '../kineto/forwardLinks.js';
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
const OPERATOR = /^([^\s{][^{]*?), (?:(?:stashed )?seq = (\d+)|(?:seq|op_id) = -?\d+)/;
/**
 * Operators that run a node of autograd's graph: they carry the number of the forward operator that made
 * it (documentation of emit_nvtx). What runs within them has numbers, too, that mean nothing.
 */
const BACKWARD = /^autograd::engine::evaluate_function: |Backward\d*$/;
/** Calls of NCCL's API that exchange data; the group calls around them name nothing. */
const COLLECTIVE =
  /^nccl(AllReduce|ReduceScatter|AllGather|AllToAll|AlltoAll|Broadcast|Bcast|Reduce|Gather|Scatter|Send|Recv)/;

/**
 * Lanes from here on hold start/end ranges while they are nested: they overlap freely and may end on
 * another thread, so nothing lies inside them and they lie in nothing.
 */
const APART = 2 ** 31;

/** What the text of a range says. */
interface RangeText {
  readonly name: number;
  readonly kind: number;
  /** number of the node of autograd's graph; NaN where there is none */
  readonly sequence: number;
  readonly isBackward: boolean;
}

/** The NVTX ranges of an export. */
export class NsysRanges {
  private readonly raw = new RawRanges();
  /** rows without an end, and where they begin */
  private readonly open: number[] = [];
  private readonly ops = new Map<number, number>();
  private readonly texts = new Map<number, RangeText>();
  /** operators with a number: their row, their number, 1 for those that run a node of the graph */
  private readonly numbered = {
    row: new GrowingColumn(Uint32Array),
    sequence: new GrowingColumn(Float64Array),
    backward: new GrowingColumn(Uint8Array),
  };
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
        const { name, kind, sequence, isBackward } =
          row[6] === null ? this.registered(textId) : this.textual(textOf(row[6]));
        const lane = this.places.thread(process, thread) + (type === START_END ? APART : 0);
        if (isOpen) {
          this.open.push(this.raw.count);
        }
        this.ops.set(kind, (this.ops.get(kind) ?? 0) + 1);
        if (Number.isSafeInteger(sequence) && type === PUSH_POP) {
          this.numbered.row.push(this.raw.count);
          this.numbered.sequence.push(sequence);
          this.numbered.backward.push(isBackward ? 1 : 0);
        }
        this.raw.push(start, duration, name, lane, kind);
      },
    );
  }

  /**
   * Nests the ranges of each thread and finds the innermost one around each call (`launches.range`).
   * @param stop when the recording ended, ns from the base: ranges that were still open end there
   * @param lanes of the trace
   */
  build(launches: LaunchColumns, stop: number, lanes: readonly Lane[]): RangeColumns {
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
    const { columns, fileRow } = nestRanges(this.raw, [launches], 0);
    const forward = this.forwardLinks(lanes).column(this.raw, lanes, fileRow);
    for (let i = 0; i < columns.count; i++) {
      if (columns.lane[i] >= APART) {
        columns.lane[i] -= APART;
        columns.parent[i] = -1;
      }
    }
    return { ...columns, ...(forward !== undefined && { forward }) };
  }

  /**
   * The links from backward to forward operators by their numbers. Autograd numbers in each thread anew,
   * and the ranges do not say which thread is meant: where several threads of a process may be, nothing
   * is linked. Threads that run nodes of the graph are meant only where there is no other.
   */
  private forwardLinks(lanes: readonly Lane[]): ForwardLinks {
    const { row, sequence, backward } = this.numbered;
    const running = new Map<string, Set<number>>();
    const all = new Map<string, Set<number>>();
    const laneOf = (k: number): number => this.raw.lane[row.get(k)];
    for (let k = 0; k < row.length; k++) {
      const { process } = lanes[laneOf(k)];
      const group = backward.get(k) === 1 ? running : all;
      const members = group.get(process);
      if (members === undefined) {
        group.set(process, new Set([laneOf(k)]));
      } else {
        members.add(laneOf(k));
      }
    }
    const meant = new Map<string, number>();
    for (const [process, members] of all) {
      const others = [...members].filter((lane) => running.get(process)?.has(lane) !== true);
      const candidates = others.length > 0 ? others : [...members];
      if (candidates.length === 1) {
        meant.set(process, candidates[0]);
      }
    }
    const links = new ForwardLinks();
    for (let k = 0; k < row.length; k++) {
      const lane = meant.get(lanes[laneOf(k)].process);
      const isBackward = backward.get(k) === 1;
      if (lane !== undefined && (isBackward || lane === laneOf(k))) {
        links.operator(row.get(k), sequence.get(k), isBackward ? 1 : 0);
      }
    }
    return links;
  }

  /** A string of `StringIds`, looked at once. */
  private registered(textId: number): RangeText {
    let known = this.texts.get(textId);
    if (known === undefined) {
      known = this.textual(this.strings.get(textId));
      this.texts.set(textId, known);
    }
    return known;
  }

  private textual(text: string): RangeText {
    const operator = OPERATOR.exec(text);
    return operator === null
      ? {
          name: this.names.intern(text === '' ? 'unnamed range' : text),
          kind: ANNOTATION,
          sequence: NaN,
          isBackward: false,
        }
      : {
          name: this.names.intern(operator[1]),
          kind: OP,
          sequence: operator[2] === undefined ? NaN : Number(operator[2]),
          isBackward: BACKWARD.test(operator[1]),
        };
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
