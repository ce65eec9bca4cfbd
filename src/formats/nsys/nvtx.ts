import type { SqlValue } from '../../sqlite/engine.js';
import {
  ANNOTATION,
  GrowingColumn,
  OP,
  type Lane,
  type LaunchColumns,
  type NameTable,
  type RangeColumns,
  type Warning,
} from '../../trace/index.js';
import { ForwardLinks } from '../kineto/forwardLinks.js';
import { nestRanges, RawRanges } from '../kineto/rangeNesting.js';
import { ncclCall, type NcclCall } from './payloads.js';
import type { CommunicatorRank, NsysPlaces } from './places.js';
import type { PythonStacks, SilentMark } from './pythonStacks.js';
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

/** Where the texts of a row stand behind its numbers. */
const JSON_TEXT = 8;
const TEXT = 9;

/** `aten::add, seq = 7, op_id = 3` as torch.autograd.profiler.emit_nvtx writes an operator. */
const OPERATOR = /^([^\s{][^{]*?), (?:(?:stashed )?seq = (\d+)|(?:seq|op_id) = -?\d+)/;
/**
 * Operators that run a node of autograd's graph: they carry the number of the forward operator that made
 * it (documentation of emit_nvtx). What runs within them has numbers, too, that mean nothing.
 */
const BACKWARD = /^autograd::engine::evaluate_function: |Backward\d*$/;
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
  /** by process and id */
  private readonly domains = new Map<string, string>();
  /** by row: what NCCL says of its calls */
  private readonly ncclCalls = new Map<number, NcclCall>();
  /** by process: the first communicator with the most ranks that it is a rank of */
  readonly communicatorRanks = new Map<number, CommunicatorRank>();
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
  async read(rows: NsysRows, python: PythonStacks): Promise<void> {
    const column = (name: string) => rows.schema.column(TABLE, name);
    const globalTid = column('globalTid');
    const silent: SilentMark[] = [];
    await rows.each(
      TABLE,
      [
        ...rows.times(TABLE),
        column('eventType'),
        processKey(globalTid),
        threadId(globalTid),
        column('textId'),
        column('domainId'),
        column('jsonTextId'),
        `CAST(${column('jsonText')} AS BLOB)`,
        `CAST(${column('text')} AS BLOB)`,
      ],
      'Reading NVTX ranges',
      (row) => {
        const [start, stated, type, process, thread, textId, domainId, jsonId] = row
          .slice(0, JSON_TEXT)
          .map(number);
        if (NAMING.has(type)) {
          rows.unread.add('names of NVTX domains, threads and resources');
          if (type === THREAD_NAME) {
            this.places.nameThread(process, thread, this.text(row[TEXT], textId));
          } else if (type === DOMAIN) {
            this.domains.set(`${process} ${domainId}`, this.text(row[TEXT], textId));
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
        const host = this.places.thread(process, thread);
        if (type === MARK && row[TEXT] === null && Number.isNaN(textId)) {
          const json = this.text(row[JSON_TEXT], jsonId);
          silent.push({ start, lane: host, domain: `${process} ${domainId}`, json });
          return;
        }
        const { name, kind, sequence, isBackward } =
          row[TEXT] === null ? this.registered(textId) : this.textual(textOf(row[TEXT]));
        const lane = host + (type === START_END ? APART : 0);
        if (isOpen) {
          this.open.push(this.raw.count);
        }
        this.ops.set(kind, (this.ops.get(kind) ?? 0) + 1);
        if (Number.isSafeInteger(sequence) && type === PUSH_POP) {
          this.numbered.row.push(this.raw.count);
          this.numbered.sequence.push(sequence);
          this.numbered.backward.push(isBackward ? 1 : 0);
        }
        if ((row[JSON_TEXT] !== null || !Number.isNaN(jsonId)) && this.isNccl(name)) {
          this.keepNcclCall(process, this.text(row[JSON_TEXT], jsonId));
        }
        this.raw.push(start, duration, name, lane, kind);
      },
    );
    // The names of domains may stand behind what happens in them.
    for (const mark of silent) {
      const domain = this.domains.get(mark.domain) ?? '';
      if (!python.take({ ...mark, domain })) {
        this.raw.push(mark.start, 0, this.textual('').name, mark.lane, ANNOTATION);
      }
    }
  }

  /** A text as the row has it, else as it was registered. */
  private text(value: SqlValue, id: number): string {
    return value === null ? this.strings.get(id) : textOf(value);
  }

  private isNccl(name: number): boolean {
    return this.names.get(name).startsWith('nccl');
  }

  /** Keeps what a payload says of the range that comes next. */
  private keepNcclCall(process: number, json: string): void {
    const call = ncclCall(json);
    if (call === undefined) {
      return;
    }
    this.ncclCalls.set(this.raw.count, call);
    const { rank, ranks } = call;
    const known = this.communicatorRanks.get(process);
    if (rank < ranks && ranks > (known?.worldSize ?? 0)) {
      this.communicatorRanks.set(process, {
        rank,
        worldSize: ranks,
        communicator: call.communicator,
      });
    }
  }

  /**
   * Nests the ranges of each thread and finds the innermost one around each call (`launches.range`).
   * @param stop when the recording ended, ns from the base: ranges that were still open end there
   * @param lanes of the trace
   * @returns the ranges, and by range what NCCL says of its call
   */
  build(
    launches: LaunchColumns,
    stop: number,
    lanes: readonly Lane[],
  ): { readonly ranges: RangeColumns; readonly ncclCalls: ReadonlyMap<number, NcclCall> } {
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
    const ncclCalls = new Map<number, NcclCall>();
    for (let i = 0; this.ncclCalls.size > 0 && i < columns.count; i++) {
      const call = this.ncclCalls.get(fileRow[i]);
      if (call !== undefined) {
        ncclCalls.set(i, call);
      }
    }
    return {
      ranges: { ...columns, ...(forward !== undefined && { forward }) },
      ncclCalls,
    };
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
