import { TraceOpenError } from '../../trace/index.js';
import {
  BAD,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  NEED,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  decodeString,
  skipSpace,
  skipString,
  skipValue,
} from './jsonBytes.js';

/**
 * Where the fields of one event lie in the bytes: start and end of each value, without the quotes of
 * strings; start -1 = absent. Valid only during the callback.
 */
export class EventFields {
  bytes: Uint8Array = new Uint8Array(0);
  readonly ph = new Span();
  readonly cat = new Span();
  readonly name = new Span();
  readonly pid = new Span();
  readonly tid = new Span();
  readonly ts = new Span();
  readonly dur = new Span();
  readonly correlation = new Span();
  readonly device = new Span();
  readonly stream = new Span();
  readonly byteCount = new Span();
  readonly grid = new Span();
  readonly block = new Span();
  readonly collective = new Span();
  readonly groupName = new Span();
  readonly groupRanks = new Span();
  readonly sent = new Span();
  readonly received = new Span();
  readonly pythonId = new Span();
  readonly pythonParent = new Span();
  readonly callStack = new Span();
  readonly hierarchy = new Span();
  readonly sequence = new Span();
  readonly forwardThread = new Span();
  /** id of a flow arrow */
  readonly id = new Span();
  /** args.name of process_name and thread_name rows */
  readonly argName = new Span();
  /** the object of all arguments, with its braces */
  readonly args = new Span();

  private readonly all = [
    this.ph,
    this.cat,
    this.name,
    this.pid,
    this.tid,
    this.ts,
    this.dur,
    this.correlation,
    this.device,
    this.stream,
    this.byteCount,
    this.grid,
    this.block,
    this.collective,
    this.groupName,
    this.groupRanks,
    this.sent,
    this.received,
    this.pythonId,
    this.pythonParent,
    this.callStack,
    this.hierarchy,
    this.sequence,
    this.forwardThread,
    this.id,
    this.argName,
    this.args,
  ];

  clear(): void {
    for (const span of this.all) {
      span.start = -1;
    }
  }

  text(span: Span): string {
    return span.start < 0 ? '' : decodeString(this.bytes, span.start, span.end);
  }
}

export class Span {
  start = -1;
  end = -1;
}

/** What the parser tells while it goes through the file. */
export interface EventSink {
  event(fields: EventFields): void;
  /** one entry of traceEvents that cannot be read */
  damaged(): void;
  /** a top-level value other than traceEvents, as its JSON text */
  metadata(key: string, json: string): void;
}

export interface StreamEnd {
  readonly opened: boolean;
  readonly complete: boolean;
  /** an array of events without its bracket, which some recorders leave out */
  readonly unclosed: boolean;
  readonly cutAt: number | undefined;
  readonly brokenAt: number | undefined;
  /** bytes behind a JSON that was closed, white space aside */
  readonly trailing: number;
  /** bytes of JSON read */
  readonly bytes: number;
}

/** Metadata larger than this is nobody's device list. */
const LARGEST_METADATA = 16 << 20;
/** An event larger than this is damage, not an event. */
const LARGEST_EVENT = 64 << 20;
/** A top-level value that cannot even be skipped within this is refused. */
const LARGEST_VALUE = 256 << 20;
const FIRST_BUFFER = 1 << 20;

const START = 0;
const TOP_KEY = 1;
const EVENTS = 2;
const DONE = 3;

/** Top-level keys Kineto writes after the events: they prove that the array has ended. */
const KEYS_AFTER_EVENTS =
  /^(traceName|displayTimeUnit|baseTimeNanoseconds|schemaVersion|deviceProperties|distributedInfo|trace_id|record_shapes|profile_memory|with_\w+|\w+_version|otherData|metadata)$/;

/**
 * Reads the JSON of a trace from chunks of bytes. Keys may come in any order, the whole may be an
 * object with `traceEvents` or only the array. It holds one chunk and one unfinished event, never
 * the file, and makes no JavaScript object of an event. Damaged entries are stepped over: the next
 * entry that reads as an event goes on.
 */
export class TraceEventStream {
  private buffer = new Uint8Array(FIRST_BUFFER);
  private length = 0;
  private position = 0;
  /** bytes of the file before buffer[0] */
  private before = 0;
  private state = START;
  private arrayForm = false;
  /** the entry at `position` is damaged and its successor is not found yet */
  private resyncing = false;
  /** no attempt before the buffer holds this much: keeps a huge value from being scanned again and again */
  private waitFor = 0;
  private readonly fields = new EventFields();
  private sawEvents = false;
  private ended = false;
  private brokenAt: number | undefined;
  private trailing = 0;

  constructor(private readonly sink: EventSink) {}

  /** @throws TraceOpenError where the bytes are no JSON trace at all */
  push(chunk: Uint8Array): void {
    this.append(chunk);
    if (this.length - this.position >= this.waitFor) {
      this.advance();
    }
  }

  /**
   * Ends the input.
   * @returns `opened`: events were looked for, the file being an array or having `traceEvents`;
   * `complete`: the JSON was closed; `cutAt`: position of the unfinished event the file ends in,
   * undefined where it does not; `brokenAt`: position of damage after the events; `trailing`: bytes after
   * the JSON
   */
  end(): StreamEnd {
    this.ended = true;
    this.advance();
    const rest = skipSpace(this.buffer, this.position, this.length);
    const betweenEvents = rest >= this.length && !this.resyncing;
    return {
      opened: this.sawEvents,
      // An array of events may end without its bracket.
      complete: this.state === DONE || (this.arrayForm && betweenEvents),
      unclosed: this.state === EVENTS && this.arrayForm && betweenEvents,
      cutAt:
        this.state === EVENTS && !betweenEvents && !this.resyncing ? this.before + rest : undefined,
      brokenAt: this.brokenAt,
      trailing: this.brokenAt === undefined ? this.trailing : 0,
      bytes: this.before + this.length,
    };
  }

  private append(chunk: Uint8Array): void {
    const rest = this.length - this.position;
    if (rest + chunk.length > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.buffer.length * 2, rest + chunk.length));
      grown.set(this.buffer.subarray(this.position, this.length));
      this.buffer = grown;
    } else if (this.position > 0) {
      this.buffer.copyWithin(0, this.position, this.length);
    }
    this.before += this.position;
    this.position = 0;
    this.buffer.set(chunk, rest);
    this.length = rest + chunk.length;
    this.fields.bytes = this.buffer;
  }

  private advance(): void {
    for (;;) {
      const state = this.state;
      const from = this.position;
      if (state === START) {
        this.readStart();
      } else if (state === TOP_KEY) {
        this.readTopKey();
      } else if (state === EVENTS) {
        this.readEvents();
      } else {
        this.skipTrailing();
        return;
      }
      if (this.state === state && this.position === from) {
        break;
      }
    }
    const rest = this.length - this.position;
    this.waitFor = rest > FIRST_BUFFER ? rest * 2 : 0;
    if (rest > LARGEST_VALUE) {
      throw new TraceOpenError(
        'damaged',
        'The JSON holds a single value of more than 256 MiB, so its events cannot be told apart.',
      );
    }
  }

  private skipTrailing(): void {
    for (let i = this.position; i < this.length; i++) {
      const c = this.buffer[i];
      this.trailing += c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09 ? 0 : 1;
    }
    this.position = this.length;
  }

  private readStart(): void {
    let i = this.position;
    // A byte order mark.
    if (this.length - i >= 3 && this.buffer[i] === 0xef && this.buffer[i + 1] === 0xbb) {
      i += 3;
    }
    i = skipSpace(this.buffer, i, this.length);
    if (i >= this.length) {
      return;
    }
    const c = this.buffer[i];
    if (c === OPEN_BRACE) {
      this.state = TOP_KEY;
    } else if (c === OPEN_BRACKET) {
      this.arrayForm = true;
      this.sawEvents = true;
      this.state = EVENTS;
    } else {
      throw new TraceOpenError('not-a-trace', 'The file does not begin as JSON does.');
    }
    this.position = i + 1;
  }

  /** One key of the outermost object with its value; `traceEvents` opens the array only. */
  private readTopKey(): void {
    const b = this.buffer;
    const end = this.length;
    let i = skipSpace(b, this.position, end);
    if (i < end && b[i] === COMMA) {
      i = skipSpace(b, i + 1, end);
    }
    if (i >= end) {
      return;
    }
    if (b[i] === CLOSE_BRACE) {
      this.state = DONE;
      this.position = i + 1;
      return;
    }
    if (b[i] !== QUOTE) {
      this.breakOff();
      return;
    }
    const keyStart = i + 1;
    i = skipString(b, i, end);
    if (i < 0) {
      return;
    }
    const keyEnd = i - 1;
    i = skipSpace(b, i, end);
    if (i >= end) {
      return;
    }
    if (b[i] !== COLON) {
      this.breakOff();
      return;
    }
    i = skipSpace(b, i + 1, end);
    if (i >= end) {
      return;
    }
    const key = decodeString(b, keyStart, keyEnd);
    if (key === 'traceEvents' && b[i] === OPEN_BRACKET) {
      this.state = EVENTS;
      this.sawEvents = true;
      this.position = i + 1;
      return;
    }
    const after = skipValue(b, i, end);
    if (after === NEED) {
      return;
    }
    if (after === BAD) {
      this.breakOff();
      return;
    }
    if (after - i <= LARGEST_METADATA) {
      this.sink.metadata(key, new TextDecoder().decode(b.subarray(i, after)));
    }
    this.position = after;
  }

  /** Damage outside the events: after them they still count, before them nothing can be found. */
  private breakOff(): void {
    const at = this.before + this.position;
    if (!this.sawEvents) {
      throw new TraceOpenError('damaged', `The JSON is damaged at byte ${at}, before any event.`);
    }
    this.brokenAt = at;
    this.state = DONE;
  }

  private readEvents(): void {
    const b = this.buffer;
    const end = this.length;
    while (this.state === EVENTS) {
      if (this.resyncing) {
        if (!this.resync()) {
          return;
        }
        continue;
      }
      let i = skipSpace(b, this.position, end);
      if (i < end && b[i] === COMMA) {
        i = skipSpace(b, i + 1, end);
      }
      if (i >= end) {
        // Keeps a comma before the next entry from being read twice as "nothing between".
        this.position = i;
        return;
      }
      if (b[i] === CLOSE_BRACKET) {
        this.position = i + 1;
        this.state = this.arrayForm ? DONE : TOP_KEY;
        return;
      }
      this.fields.clear();
      const isObject = b[i] === OPEN_BRACE;
      const after = isObject ? this.parseObject(i, end, false) : skipValue(b, i, end);
      this.position = i;
      if (after === NEED && end - i <= LARGEST_EVENT) {
        return;
      }
      if (after < 0) {
        this.sink.damaged();
        this.resyncing = true;
        this.position = i + 1;
        continue;
      }
      if (isObject) {
        this.sink.event(this.fields);
      } else {
        this.sink.damaged();
      }
      this.position = after;
    }
  }

  /**
   * Looks for the entry after a damaged one: an object after a comma that reads as an event, or the
   * end of the array followed by a key that Kineto writes there. False where more bytes are needed.
   */
  private resync(): boolean {
    const b = this.buffer;
    const end = this.length;
    for (let i = this.position; i < end; i++) {
      const c = b[i];
      if (c === OPEN_BRACE) {
        if (!followsComma(b, i, this.position)) {
          continue;
        }
        this.fields.clear();
        const after = this.parseObject(i, end, false);
        if (after === NEED && !this.ended && end - i <= LARGEST_EVENT) {
          // The comma before it has to stay in the buffer.
          this.position = Math.max(this.position, i - 64);
          return false;
        }
        if (after >= 0 && this.fields.ph.start >= 0) {
          this.resyncing = false;
          this.position = i;
          return true;
        }
      } else if (c === CLOSE_BRACKET) {
        const ended = this.endsEvents(i, end);
        if (ended === NEED && !this.ended) {
          this.position = i;
          return false;
        }
        if (ended >= 0) {
          this.resyncing = false;
          this.position = i;
          return true;
        }
      }
    }
    this.position = Math.max(this.position, end - 64);
    return false;
  }

  /** Whether the bracket at `i` closes the array of events. */
  private endsEvents(i: number, end: number): number {
    const b = this.buffer;
    let j = skipSpace(b, i + 1, end);
    if (j >= end) {
      return NEED;
    }
    if (this.arrayForm) {
      return BAD;
    }
    if (b[j] !== COMMA) {
      return BAD;
    }
    j = skipSpace(b, j + 1, end);
    if (j >= end) {
      return NEED;
    }
    if (b[j] !== QUOTE) {
      return BAD;
    }
    const after = skipString(b, j, end);
    if (after === NEED) {
      return end - j > 256 ? BAD : NEED;
    }
    return after - j < 64 && KEYS_AFTER_EVENTS.test(decodeString(b, j + 1, after - 1)) ? i : BAD;
  }

  /** Notes the fields of the object at `i`; gives the position after it, NEED or BAD. */
  private parseObject(i: number, end: number, inArgs: boolean): number {
    const b = this.buffer;
    i = skipSpace(b, i + 1, end);
    for (;;) {
      if (i >= end) {
        return NEED;
      }
      if (b[i] === CLOSE_BRACE) {
        return i + 1;
      }
      if (b[i] !== QUOTE) {
        return BAD;
      }
      const keyStart = i + 1;
      i = skipString(b, i, end);
      if (i < 0) {
        return i;
      }
      const keyEnd = i - 1;
      i = skipSpace(b, i, end);
      if (i >= end) {
        return NEED;
      }
      if (b[i] !== COLON) {
        return BAD;
      }
      i = skipSpace(b, i + 1, end);
      if (i >= end) {
        return NEED;
      }
      const quoted = b[i] === QUOTE;
      const valueStart = quoted ? i + 1 : i;
      let span: Span | undefined;
      if (inArgs) {
        span = argumentField(this.fields, b, keyStart, keyEnd);
        i = skipValue(b, i, end);
      } else if (b[i] === OPEN_BRACE && isArgs(b, keyStart, keyEnd)) {
        i = this.parseObject(i, end, true);
        span = this.fields.args;
      } else {
        span = eventField(this.fields, b, keyStart, keyEnd);
        i = skipValue(b, i, end);
      }
      if (i < 0) {
        return i;
      }
      if (span !== undefined && !isNull(b, valueStart, i)) {
        span.start = valueStart;
        span.end = quoted ? i - 1 : i;
      }
      i = skipSpace(b, i, end);
      if (i >= end) {
        return NEED;
      }
      if (b[i] === COMMA) {
        i = skipSpace(b, i + 1, end);
      } else if (b[i] !== CLOSE_BRACE) {
        return BAD;
      }
    }
  }
}

function followsComma(b: Uint8Array, i: number, from: number): boolean {
  let k = i - 1;
  while (k >= from && (b[k] === 0x20 || b[k] === 0x0a || b[k] === 0x0d || b[k] === 0x09)) {
    k--;
  }
  return k >= from && b[k] === COMMA;
}

function isNull(b: Uint8Array, start: number, end: number): boolean {
  return end - start === 4 && b[start] === 0x6e && b[start + 1] === 0x75 && b[start + 2] === 0x6c;
}

function isArgs(b: Uint8Array, start: number, end: number): boolean {
  return end - start === 4 && b[start] === 0x61 && b[start + 1] === 0x72 && b[start + 2] === 0x67;
}

function eventField(
  fields: EventFields,
  b: Uint8Array,
  start: number,
  end: number,
): Span | undefined {
  const first = b[start];
  if (end - start === 2) {
    // ph, ts, id
    const second = b[start + 1];
    return first === 0x70 && second === 0x68
      ? fields.ph
      : first === 0x74 && second === 0x73
        ? fields.ts
        : first === 0x69 && second === 0x64
          ? fields.id
          : undefined;
  }
  if (end - start === 3) {
    // cat, pid, tid, dur
    const second = b[start + 1];
    const third = b[start + 2];
    if (first === 0x63) {
      return second === 0x61 && third === 0x74 ? fields.cat : undefined;
    }
    if (second === 0x69 && third === 0x64) {
      return first === 0x70 ? fields.pid : first === 0x74 ? fields.tid : undefined;
    }
    return first === 0x64 && second === 0x75 && third === 0x72 ? fields.dur : undefined;
  }
  // name
  return end - start === 4 && matches(b, start, KEY_NAME) ? fields.name : undefined;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const KEY_NAME = ascii('name');
const KEY_GRID = ascii('grid');
const KEY_BYTES = ascii('bytes');
const KEY_BLOCK = ascii('block');
const KEY_DEVICE = ascii('device');
const KEY_STREAM = ascii('stream');
const KEY_PYTHON_ID = ascii('Python id');
const KEY_CALL_STACK = ascii('Call stack');
const KEY_CORRELATION = ascii('correlation');
const KEY_COLLECTIVE = ascii('Collective name');
const KEY_SENT = ascii('In msg nelems');
const KEY_RECEIVED = ascii('Out msg nelems');
const KEY_GROUP_NAME = ascii('Process Group Name');
const KEY_GROUP_RANKS = ascii('Process Group Ranks');
const KEY_FORWARD_THREAD = ascii('Fwd thread id');
const KEY_SEQUENCE = ascii('Sequence number');
const KEY_HIERARCHY = ascii('Module Hierarchy');
const KEY_PYTHON_PARENT = ascii('Python parent id');

function matches(b: Uint8Array, start: number, key: Uint8Array): boolean {
  for (let i = 0; i < key.length; i++) {
    if (b[start + i] !== key[i]) {
      return false;
    }
  }
  return true;
}

/** The argument keys we read, told apart by length first. */
function argumentField(
  fields: EventFields,
  b: Uint8Array,
  start: number,
  end: number,
): Span | undefined {
  switch (end - start) {
    case 4:
      return matches(b, start, KEY_GRID)
        ? fields.grid
        : matches(b, start, KEY_NAME)
          ? fields.argName
          : undefined;
    case 5:
      return matches(b, start, KEY_BYTES)
        ? fields.byteCount
        : matches(b, start, KEY_BLOCK)
          ? fields.block
          : undefined;
    case 6:
      return matches(b, start, KEY_DEVICE)
        ? fields.device
        : matches(b, start, KEY_STREAM)
          ? fields.stream
          : undefined;
    case 9:
      return matches(b, start, KEY_PYTHON_ID) ? fields.pythonId : undefined;
    case 10:
      return matches(b, start, KEY_CALL_STACK) ? fields.callStack : undefined;
    case 11:
      return matches(b, start, KEY_CORRELATION) ? fields.correlation : undefined;
    case 13:
      return matches(b, start, KEY_FORWARD_THREAD)
        ? fields.forwardThread
        : matches(b, start, KEY_SENT)
          ? fields.sent
          : undefined;
    case 14:
      return matches(b, start, KEY_RECEIVED) ? fields.received : undefined;
    case 15:
      return matches(b, start, KEY_SEQUENCE)
        ? fields.sequence
        : matches(b, start, KEY_COLLECTIVE)
          ? fields.collective
          : undefined;
    case 16:
      return matches(b, start, KEY_PYTHON_PARENT)
        ? fields.pythonParent
        : matches(b, start, KEY_HIERARCHY)
          ? fields.hierarchy
          : undefined;
    case 18:
      return matches(b, start, KEY_GROUP_NAME) ? fields.groupName : undefined;
    case 19:
      return matches(b, start, KEY_GROUP_RANKS) ? fields.groupRanks : undefined;
    default:
      return undefined;
  }
}
