import type { SqlEngine } from '../../sqlite/engine.js';
import { quoteName } from '../../sqlite/sqlText.js';
import type { Frame } from '../../trace/index.js';
import { UnreadableStack } from '../frameText.js';
import { numberValue, textValue, type Tolerant } from '../sqlValues.js';
import { eventStack } from './callStack.js';
import { PackedTexts } from './packedTexts.js';
import type { SuffixTables } from './tables.js';

/** A column of numbers by id: an array where ids are dense, as profilers write them. */
class ByEvent {
  private readonly dense: Float64Array | undefined;
  private readonly sparse = new Map<number, number>();

  constructor(mostId: number, count: number) {
    const dense = Number.isSafeInteger(mostId) && mostId >= 0 && mostId < 4 * count + 1024;
    this.dense = dense ? new Float64Array(mostId + 1) : undefined;
  }

  set(id: number, value: number): void {
    if (this.dense !== undefined && id >= 0 && id < this.dense.length) {
      this.dense[id] = value;
    } else {
      this.sparse.set(id, value);
    }
  }

  /** 0 where it has none */
  get(id: number): number {
    return this.dense?.[id] ?? this.sparse.get(id) ?? 0;
  }
}

/** What `rocpd_event` says of the rows of all other tables. 0 and '' stand for NULL. */
export class EventDetails {
  private categories = new ByEvent(0, 0);
  private stackIds = new ByEvent(0, 0);
  private parents = new ByEvent(0, 0);
  private readonly messages = new Map<number, string>();
  private readonly frames = new Map<number, readonly Frame[]>();
  /** stacks that are no JSON */
  unreadable = 0;
  readonly packed = new PackedTexts();

  /** @param where SQL that chooses the rows of one recording, '' for all */
  constructor(engine: SqlEngine, tables: SuffixTables, where: string, tolerant: Tolerant) {
    const table = tables.table('rocpd_event');
    if (table === '') {
      return;
    }
    const and = where === '' ? 'WHERE' : `${where} AND`;
    const fromAnd = `FROM ${quoteName(table)} ${and}`;
    tolerant('Links and categories of events', () =>
      this.readNumbers(engine, tables, quoteName(table), where),
    );
    tolerant('Texts of markers', () => this.readMessages(engine, tables, fromAnd));
    tolerant('Call stacks', () => this.readStacks(engine, tables, fromAnd));
    tolerant('Call stacks', () => this.readStackTable(engine, tables, where));
  }

  /** id of the category's name */
  category(event: number): number {
    return this.categories.get(event);
  }

  /** number that a call and its GPU work share; 0 = none */
  stackId(event: number): number {
    return this.stackIds.get(event);
  }

  parentStackId(event: number): number {
    return this.parents.get(event);
  }

  /** text of a roctx mark or range */
  message(event: number): string {
    return this.messages.get(event) ?? '';
  }

  /** leaf first; empty where there is none */
  stack(event: number): readonly Frame[] {
    return this.frames.get(event) ?? [];
  }

  private readNumbers(engine: SqlEngine, tables: SuffixTables, table: string, where: string): void {
    const [most, count] = engine
      .query(`SELECT max(id), count(*) FROM ${table}`)
      .rows[0].map(Number);
    this.categories = new ByEvent(most, count);
    this.stackIds = new ByEvent(most, count);
    this.parents = new ByEvent(most, count);
    const optional = (name: string): string => (tables.has('rocpd_event', name) ? name : 'NULL');
    engine.eachNumeric(
      `SELECT id, ${['category_id', 'stack_id', 'parent_stack_id'].map(optional).join(', ')} FROM ${table} ${where}`,
      (row) => {
        this.categories.set(row[0], row[1] || 0);
        this.stackIds.set(row[0], row[2] || 0);
        this.parents.set(row[0], row[3] || 0);
      },
    );
  }

  private readMessages(engine: SqlEngine, tables: SuffixTables, fromAnd: string): void {
    if (tables.has('rocpd_event', 'extdata')) {
      engine.each(
        `SELECT id, CASE WHEN json_valid(extdata) THEN json_extract(extdata, '$.message') END ${fromAnd}
         typeof(extdata) = 'text' AND extdata LIKE '%"message"%'`,
        ([id, message]) => this.messages.set(numberValue(id), textValue(message)),
      );
      engine.each(
        `SELECT id, extdata ${fromAnd} typeof(extdata) = 'blob' AND extdata <> x''`,
        ([id, packed]) => {
          const message = messageOf(this.packed.text(packed));
          if (message !== undefined) {
            this.messages.set(numberValue(id), message);
          }
        },
      );
    }
  }

  /** Stacks as JSON beside the event, schema 3. */
  private readStacks(engine: SqlEngine, tables: SuffixTables, fromAnd: string): void {
    const columns = ['call_stack', 'line_info'].filter((name) => tables.has('rocpd_event', name));
    if (columns.length === 0) {
      return;
    }
    const text = (name: string): string =>
      columns.includes(name) ? `iif(typeof(${name}) IN ('text', 'blob'), ${name}, '')` : "''";
    const filled = columns.map((name) => `${name} NOT IN ('{}', '[]', '', x'')`).join(' OR ');
    engine.each(
      `SELECT id, ${text('call_stack')}, ${text('line_info')} ${fromAnd} (${filled})`,
      ([id, callStack, lineInfo]) => {
        try {
          const frames = eventStack(this.packed.text(callStack), this.packed.text(lineInfo));
          if (frames.length > 0) {
            this.frames.set(numberValue(id), frames);
          }
        } catch (error) {
          if (!(error instanceof UnreadableStack)) {
            throw error;
          }
          this.unreadable++;
        }
      },
    );
  }

  /** Stacks as rows, schema 4: depth 0 is the innermost frame. */
  private readStackTable(engine: SqlEngine, tables: SuffixTables, where: string): void {
    const [stacks, places] = ['rocpd_call_stack', 'rocpd_info_pc'].map((t) => tables.table(t));
    if (stacks === '' || places === '') {
      return;
    }
    const of = (name: string, otherwise: string): string =>
      tables.has('rocpd_info_pc', name) ? `p."${name}"` : otherwise;
    engine.each(
      `SELECT s.event_id, ${of('function', "''")}, ${of('file', "''")}, ${of('line', '0')}
       FROM ${quoteName(stacks)} s JOIN ${quoteName(places)} p ON p.id = s.pc_id
       ${where === '' ? '' : `${where.replace('guid', 's.guid')} AND p.guid = s.guid`}
       ORDER BY s.event_id, s.depth`,
      ([id, name, file, line]) => {
        const frame: Frame = {
          file: textValue(file),
          line: Number.isSafeInteger(line) && Number(line) > 0 ? Number(line) : 0,
          function: textValue(name),
          library: '',
        };
        const event = numberValue(id);
        this.frames.set(event, [...(this.frames.get(event) ?? []), frame]);
      },
    );
  }
}

/** The text of a marker in JSON of an event; undefined where it has none. */
function messageOf(text: string): string | undefined {
  if (!text.includes('"message"')) {
    return undefined;
  }
  try {
    const message: unknown = (JSON.parse(text) as { message?: unknown } | null)?.message;
    return message === undefined || message === null
      ? undefined
      : typeof message === 'object'
        ? JSON.stringify(message)
        : String(message);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
