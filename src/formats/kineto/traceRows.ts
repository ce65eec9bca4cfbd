import {
  ANNOTATION,
  FRAME,
  GpuBuilder,
  HostBuilder,
  KERNEL,
  LaunchBuilder,
  MEMCPY,
  MEMSET,
  MODULE,
  NameTable,
  OP,
  type KernelShape,
} from '../../trace/index.js';
import { ByteInterner } from './byteInterner.js';
import { CallStacks } from './callStack.js';
import { CollectiveArguments } from './collectiveArguments.js';
import { KinetoCounters } from './counters.js';
import { hostKindOf, Role, roleOf, skippedCategory, skippedPhase } from './categories.js';
import type { EventFields, EventSink, Span } from './eventStream.js';
import { ForwardLinks } from './forwardLinks.js';
import { decodeString, wholeEnd } from './jsonBytes.js';
import { Lanes } from './lanes.js';
import { RawRanges } from './rangeNesting.js';
import { TraceClock } from './traceClock.js';

const COMPLETE = 0x58; // 'X'
const COUNTER = 0x43; // 'C'
const INSTANT = 0x69; // 'i'

interface Category {
  readonly text: string;
  readonly role: Role;
  /** code in HOST_KINDS; -1 where the role is another one */
  readonly hostKind: number;
}
const NO_CATEGORY: Category = { text: '', role: Role.None, hostKind: -1 };

/** A hostile file may name a different category in each row. */
const MAX_REASONS = 200;
const OTHER = 'other categories';

/** Arrows from a forward operator to its backward one: 'fwdbwd' in all files seen. */
const FORWARD_BACKWARD = 'fwdbwd';

const MODULE_PREFIX = 'nn.Module: ';

/** Sorts the events of a trace into columns as the parser finds them. */
export class TraceRows implements EventSink {
  readonly names = new NameTable();
  readonly clock: TraceClock;
  readonly lanes = new Lanes();
  readonly gpu = new GpuBuilder();
  readonly launches = new LaunchBuilder();
  readonly ranges = new RawRanges();
  readonly host = new HostBuilder();
  readonly counters = new KinetoCounters();
  readonly stacks = new CallStacks();
  readonly forward = new ForwardLinks();
  /** by row of `ranges`: name id of the module hierarchy stated for an operator */
  readonly hierarchies = new Map<number, number>();
  readonly collectives = new CollectiveArguments();
  readonly kernelShapes: KernelShape[] = [];
  readonly metadataTexts = new Map<string, string>();
  readonly skipped = new Map<string, number>();
  rowsInFile = 0;
  damagedRows = 0;
  pythonRows = 0;
  moduleRows = 0;
  opRows = 0;

  private readonly nameIds = new ByteInterner((b, start, end) =>
    this.names.intern(decodeString(b, start, end)),
  );
  private readonly categories: Category[] = [];
  private readonly categoryIds = new ByteInterner((b, start, end) => {
    const text = decodeString(b, start, end);
    return this.categories.push({ text, role: roleOf(text), hostKind: hostKindOf(text) }) - 1;
  });
  private readonly stackIds = new ByteInterner((b, start, end) =>
    this.stacks.add(decodeString(b, start, end)),
  );
  private readonly triples: ([number, number, number] | undefined)[] = [];
  private readonly tripleIds = new ByteInterner(
    (b, start, end) => this.triples.push(parseTriple(decodeString(b, start, end))) - 1,
  );
  private readonly shapeIds = new Map<number, number>();
  /** 1 where the name id begins with "nn.Module: ", 2 where it does not, 0 = not looked at yet */
  private readonly moduleName: number[] = [];

  /** @param baseUs where the file's times lie, in its own µs; without it the first time says */
  constructor(baseUs?: bigint) {
    this.clock = new TraceClock(baseUs);
  }

  metadata(key: string, json: string): void {
    this.metadataTexts.set(key, json);
  }

  damaged(): void {
    this.rowsInFile++;
    this.damagedRows++;
    this.skip('damaged rows');
  }

  skip(reason: string): void {
    const known = this.skipped.get(reason);
    if (known === undefined && this.skipped.size >= MAX_REASONS && reason !== OTHER) {
      this.skip(OTHER);
      return;
    }
    this.skipped.set(reason, (known ?? 0) + 1);
  }

  event(fields: EventFields): void {
    if (this.sample(fields)) {
      return;
    }
    this.rowsInFile++;
    const category =
      fields.cat.start < 0
        ? NO_CATEGORY
        : this.categories[this.categoryIds.intern(fields.bytes, fields.cat.start, fields.cat.end)];
    const complete =
      fields.ph.end - fields.ph.start === 1 && fields.bytes[fields.ph.start] === COMPLETE;
    if (!complete) {
      this.otherPhase(fields, category.text);
      return;
    }
    if (category.role === Role.None) {
      this.skip(skippedCategory(category.text));
      return;
    }
    const { bytes, name, ts, dur } = fields;
    const start = ts.start < 0 ? NaN : this.clock.relative(bytes, ts.start, ts.end);
    const duration = dur.start < 0 ? NaN : this.clock.duration(bytes, dur.start, dur.end);
    if (Number.isNaN(start) || Number.isNaN(duration) || name.start < 0) {
      this.damagedRows++;
      this.skip('rows without a name, time or duration that can be read');
      return;
    }
    if (duration < 0) {
      this.damagedRows++;
      this.skip('rows with a negative duration');
      return;
    }
    this.row(fields, category, start, duration);
  }

  /** Takes an event that samples a counter: it is no row. False for any other. */
  private sample(fields: EventFields): boolean {
    const { bytes, ph, ts } = fields;
    const phase = ph.end - ph.start === 1 && ph.start >= 0 ? bytes[ph.start] : 0;
    const isMemory = phase === INSTANT && this.counters.isMemory(fields);
    if (phase !== COUNTER && !isMemory) {
      return false;
    }
    const time = ts.start < 0 ? NaN : this.clock.relative(bytes, ts.start, ts.end);
    if (isMemory) {
      this.counters.memory(fields, time);
    } else {
      this.counters.counter(fields, time);
    }
    return true;
  }

  private row(
    fields: EventFields,
    { role, hostKind }: Category,
    start: number,
    duration: number,
  ): void {
    const name = this.nameIds.intern(fields.bytes, fields.name.start, fields.name.end);
    switch (role) {
      case Role.Kernel:
      case Role.Memcpy:
      case Role.Memset:
        if (fields.collective.start >= 0 || fields.groupName.start >= 0) {
          this.collectives.push(
            this.gpu.count,
            this.group(fields),
            number(fields, fields.sent),
            number(fields, fields.received),
          );
        }
        this.gpu.push({
          start,
          duration,
          name,
          lane: this.lanes.stream(fields),
          kind: role === Role.Kernel ? KERNEL : role === Role.Memcpy ? MEMCPY : MEMSET,
          correlation: number(fields, fields.correlation),
          bytes: role === Role.Kernel ? NaN : number(fields, fields.byteCount),
          shape: this.shape(fields),
          collective:
            fields.collective.start < 0
              ? 0
              : this.nameIds.intern(fields.bytes, fields.collective.start, fields.collective.end),
        });
        return;
      case Role.Launch:
        this.launches.push({
          start,
          duration,
          name,
          lane: this.lanes.thread(fields),
          correlation: number(fields, fields.correlation),
        });
        return;
      case Role.Python: {
        const isModule = this.isModule(name);
        this.pythonRows++;
        this.moduleRows += isModule ? 1 : 0;
        this.ranges.push(
          start,
          duration,
          name,
          this.lanes.thread(fields),
          isModule ? MODULE : FRAME,
          number(fields, fields.pythonId),
          number(fields, fields.pythonParent),
        );
        return;
      }
      case Role.Operator:
      case Role.Annotation:
        if (role === Role.Operator) {
          this.operator(fields);
        }
        this.ranges.push(
          start,
          duration,
          name,
          this.lanes.thread(fields),
          role === Role.Operator ? OP : ANNOTATION,
          NaN,
          NaN,
          fields.callStack.start < 0
            ? -1
            : this.stackIds.intern(fields.bytes, fields.callStack.start, fields.callStack.end),
        );
        return;
      case Role.Host:
        this.host.push({
          start,
          duration,
          name,
          lane: this.lanes.thread(fields),
          kind: hostKind,
        });
        return;
      case Role.None:
        return;
    }
  }

  /** Name id of a collective's process group and its ranks: names are numbers that every job has. */
  private group(fields: EventFields): number {
    const { groupName, groupRanks } = fields;
    if (groupName.start < 0 && groupRanks.start < 0) {
      return 0;
    }
    const text = `${fields.text(groupName)} ${fields.text(groupRanks)}`;
    return this.names.intern(text.trim());
  }

  /** Notes what the operator that becomes the next row of `ranges` says beyond its times. */
  private operator(fields: EventFields): void {
    this.opRows++;
    const { bytes, hierarchy } = fields;
    const sequence = number(fields, fields.sequence);
    if (!Number.isNaN(sequence)) {
      this.forward.operator(this.ranges.count, sequence, number(fields, fields.forwardThread));
    }
    if (hierarchy.end > hierarchy.start && hierarchy.start >= 0) {
      this.hierarchies.set(
        this.ranges.count,
        this.nameIds.intern(bytes, hierarchy.start, hierarchy.end),
      );
    }
  }

  private otherPhase(fields: EventFields, category: string): void {
    const phase = fields.text(fields.ph);
    if (phase === '') {
      this.damagedRows++;
      this.skip('damaged rows');
      return;
    }
    if (phase === 'M') {
      this.nameRow(fields);
    } else if (category === FORWARD_BACKWARD && (phase === 's' || phase === 'f')) {
      this.arrow(fields, phase);
    }
    this.skip(skippedPhase(phase, category));
  }

  private arrow(fields: EventFields, phase: 's' | 'f'): void {
    const { bytes, ts } = fields;
    const time = ts.start < 0 ? NaN : this.clock.relative(bytes, ts.start, ts.end);
    const id = number(fields, fields.id);
    if (!Number.isNaN(time) && !Number.isNaN(id)) {
      this.forward.arrow(phase, id, this.lanes.thread(fields), time);
    }
  }

  private nameRow(fields: EventFields): void {
    const kind = fields.text(fields.name);
    if (kind === 'process_name') {
      this.lanes.nameProcess(fields.text(fields.pid), fields.text(fields.argName));
    } else if (kind === 'thread_name') {
      this.lanes.nameThread(
        fields.text(fields.pid),
        fields.text(fields.tid),
        fields.text(fields.argName),
      );
    }
  }

  private isModule(name: number): boolean {
    let known = this.moduleName[name] ?? 0;
    if (known === 0) {
      known = this.names.get(name).startsWith(MODULE_PREFIX) ? 1 : 2;
      this.moduleName[name] = known;
    }
    return known === 1;
  }

  /** Index of the launch geometry, -1 where the row does not state both parts. */
  private shape(fields: EventFields): number {
    const { bytes, grid, block } = fields;
    if (grid.start < 0 || block.start < 0) {
      return -1;
    }
    const gridId = this.tripleIds.intern(bytes, grid.start, grid.end);
    const blockId = this.tripleIds.intern(bytes, block.start, block.end);
    const key = gridId * 2 ** 26 + blockId;
    const known = this.shapeIds.get(key);
    if (known !== undefined) {
      return known;
    }
    const gridSize = this.triples[gridId];
    const blockSize = this.triples[blockId];
    const id =
      gridSize === undefined || blockSize === undefined
        ? -1
        : this.kernelShapes.push({ grid: gridSize, block: blockSize }) - 1;
    this.shapeIds.set(key, id);
    return id;
  }
}

/** The integer of an argument, written as a number or (HIP) as a string of digits; NaN for none. */
function number(fields: EventFields, span: Span): number {
  const { start } = span;
  const end = wholeEnd(fields.bytes, start, span.end);
  if (start < 0 || end - start > 15 || end === start) {
    return NaN;
  }
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = fields.bytes[i] - 0x30;
    if (digit < 0 || digit > 9) {
      return NaN;
    }
    value = value * 10 + digit;
  }
  return value;
}

function parseTriple(text: string): [number, number, number] | undefined {
  const match = /^\[\s*(\d{1,10})\s*,\s*(\d{1,10})\s*,\s*(\d{1,10})\s*\]$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}
