import { joinedBytes } from '../trace/index.js';

/** One row of a database's schema table. */
export interface SchemaEntry {
  readonly type: string;
  readonly name: string;
  /** the statement that made it; '' for what SQLite made itself */
  readonly sql: string;
  /** page its rows begin at; 0 for a view */
  readonly root: number;
}

/** A value of a record; an integer kept as the rowid reads as null. */
export type RecordValue = number | bigint | string | null;

/** The schema could not be read: the file is cut or damaged. */
export class SchemaDamage extends Error {
  override readonly name = 'SchemaDamage';
}

/** Gives page `number` (from 1), whole; fewer bytes where the file ends before it. */
export type ReadPage = (number: number) => Promise<Uint8Array>;

const INTERIOR_TABLE = 5;
const LEAF_TABLE = 13;
/** A schema of more pages is no trace; the bound also ends the walk over a page cycle. */
const MOST_PAGES = 10_000;

/**
 * Reads a database's schema from the few pages that hold it, so that a file of many gigabytes is
 * recognised without loading it (https://sqlite.org/fileformat2.html, "B-tree Pages", "Record Format").
 *
 * @param usableSize page size less reserved bytes
 * @throws SchemaDamage
 */
export async function readSchema(
  readPage: ReadPage,
  usableSize: number,
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be',
): Promise<SchemaEntry[]> {
  const walk = new SchemaWalk(readPage, usableSize, new TextDecoder(encoding));
  await walk.page(1);
  return walk.entries;
}

/**
 * The first and the last row of a table, from the pages on the way to them; one where it has only one.
 *
 * @param root of the table, as the schema states it
 * @throws SchemaDamage
 */
export async function endRows(
  readPage: ReadPage,
  usableSize: number,
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be',
  root: number,
): Promise<readonly (readonly RecordValue[])[]> {
  const walk = new SchemaWalk(readPage, usableSize, new TextDecoder(encoding));
  const first = await walk.endRow(root, 'first');
  const last = await walk.endRow(root, 'last');
  return first === undefined || last === undefined ? [] : [first, last];
}

class SchemaWalk {
  readonly entries: SchemaEntry[] = [];
  private pagesRead = 0;

  constructor(
    private readonly readPage: ReadPage,
    private readonly usableSize: number,
    private readonly decoder: TextDecoder,
  ) {}

  async page(number: number): Promise<void> {
    const view = await this.load(number);
    // Page 1 begins with the file's header; its b-tree header follows it.
    const header = number === 1 ? 100 : 0;
    const type = view.getUint8(header);
    if (type !== INTERIOR_TABLE && type !== LEAF_TABLE) {
      throw new SchemaDamage(`page ${number} of the schema is no table page`);
    }
    const cells = view.getUint16(header + 3);
    const pointers = header + (type === INTERIOR_TABLE ? 12 : 8);
    if (pointers + cells * 2 > this.usableSize) {
      throw new SchemaDamage(`page ${number} of the schema states ${cells} cells`);
    }
    for (let i = 0; i < cells; i++) {
      const cell = view.getUint16(pointers + i * 2);
      if (cell + 4 > this.usableSize) {
        throw new SchemaDamage(`page ${number} of the schema points outside itself`);
      }
      if (type === INTERIOR_TABLE) {
        await this.page(view.getUint32(cell));
      } else {
        this.entries.push(this.entry(await this.payload(view, cell)));
      }
    }
    if (type === INTERIOR_TABLE) {
      await this.page(view.getUint32(header + 8));
    }
  }

  /** The row at one end of a table's tree; undefined where it has none. */
  async endRow(number: number, end: 'first' | 'last'): Promise<RecordValue[] | undefined> {
    const view = await this.load(number);
    const header = number === 1 ? 100 : 0;
    const type = view.getUint8(header);
    const cells = view.getUint16(header + 3);
    const interior = type === INTERIOR_TABLE;
    const pointers = header + (interior ? 12 : 8);
    if ((!interior && type !== LEAF_TABLE) || pointers + cells * 2 > this.usableSize) {
      throw new SchemaDamage(`page ${number} is no table page`);
    }
    if (interior && (end === 'last' || cells === 0)) {
      return this.endRow(view.getUint32(header + 8), end);
    }
    if (cells === 0) {
      return undefined;
    }
    const cell = view.getUint16(pointers + (end === 'first' ? 0 : cells - 1) * 2);
    if (cell + 4 > this.usableSize) {
      throw new SchemaDamage(`page ${number} points outside itself`);
    }
    return interior
      ? this.endRow(view.getUint32(cell), end)
      : this.values(await this.payload(view, cell));
  }

  private async load(number: number): Promise<DataView> {
    if (number === 0 || ++this.pagesRead > MOST_PAGES) {
      throw new SchemaDamage('the pages of the schema do not end');
    }
    const bytes = await this.readPage(number);
    if (bytes.length < this.usableSize) {
      throw new SchemaDamage(`page ${number} of the schema lies beyond the end of the file`);
    }
    return new DataView(bytes.buffer, bytes.byteOffset, this.usableSize);
  }

  /** The record of a leaf cell, its overflow pages joined. */
  private async payload(view: DataView, cell: number): Promise<Uint8Array> {
    const [size, afterSize] = varint(view, cell);
    const [, start] = varint(view, afterSize);
    const most = this.usableSize - 35;
    const least = Math.floor(((this.usableSize - 12) * 32) / 255) - 23;
    const local =
      size <= most
        ? size
        : (() => {
            const fitting = least + ((size - least) % (this.usableSize - 4));
            return fitting <= most ? fitting : least;
          })();
    if (size > 0x3fffffff || start + local + (local < size ? 4 : 0) > this.usableSize) {
      throw new SchemaDamage('a row of the schema reaches beyond its page');
    }
    const here = new Uint8Array(view.buffer, view.byteOffset + start, local);
    if (local === size) {
      return here;
    }
    const parts = [here];
    let got = local;
    let next = view.getUint32(start + local);
    while (got < size) {
      const overflow = await this.load(next);
      const length = Math.min(size - got, this.usableSize - 4);
      parts.push(new Uint8Array(overflow.buffer, overflow.byteOffset + 4, length));
      got += length;
      next = overflow.getUint32(0);
    }
    return joinedBytes(parts);
  }

  /** Columns type, name, tbl_name, rootpage, sql of one record. */
  private entry(record: Uint8Array): SchemaEntry {
    const [type, name, , root, sql] = this.values(record);
    const text = (value: RecordValue | undefined): string =>
      typeof value === 'string' ? value : '';
    return {
      type: text(type),
      name: text(name),
      sql: text(sql),
      root: typeof root === 'number' ? root : 0,
    };
  }

  /** The values of one record. Fractions and blobs, which nothing here asks for, read as null. */
  private values(record: Uint8Array): RecordValue[] {
    const view = new DataView(record.buffer, record.byteOffset, record.length);
    const [headerSize, afterSize] = varint(view, 0);
    const values: RecordValue[] = [];
    let at = afterSize;
    let content = headerSize;
    while (at < headerSize && at < record.length) {
      const [serial, after] = varint(view, at);
      at = after;
      const length = contentLength(serial);
      if (content + length > record.length) {
        throw new SchemaDamage('a row of the schema is shorter than it states');
      }
      if (serial >= 13 && serial % 2 === 1) {
        values.push(this.decoder.decode(record.subarray(content, content + length)));
      } else {
        values.push(serial === 8 ? 0 : serial === 9 ? 1 : integerAt(view, content, serial));
      }
      content += length;
    }
    return values;
  }
}

/** A big-endian base-128 integer of at most nine bytes, and the offset after it. */
function varint(view: DataView, offset: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    if (offset + i >= view.byteLength) {
      throw new SchemaDamage('a number of the schema is cut');
    }
    const byte = view.getUint8(offset + i);
    if (i === 8) {
      return [value * 256 + byte, offset + 9];
    }
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      return [value, offset + i + 1];
    }
  }
  throw new SchemaDamage('a number of the schema does not end');
}

/** A signed big-endian integer of the serial types 1 to 6; null for any other. */
function integerAt(view: DataView, offset: number, serial: number): number | bigint | null {
  switch (serial) {
    case 1:
      return view.getInt8(offset);
    case 2:
      return view.getInt16(offset);
    case 3:
      return (view.getInt8(offset) << 16) | view.getUint16(offset + 1);
    case 4:
      return view.getInt32(offset);
    case 5:
      return view.getInt16(offset) * 2 ** 32 + view.getUint32(offset + 2);
    case 6: {
      const value = view.getBigInt64(offset);
      return BigInt.asIntN(53, value) === value ? Number(value) : value;
    }
    default:
      return null;
  }
}

/** Bytes a value of this serial type takes in a record. */
function contentLength(serial: number): number {
  if (serial >= 12) {
    return Math.floor((serial - 12) / 2);
  }
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][serial];
}

/**
 * Column names of a `CREATE TABLE` statement as SQLite stores it, in its order; empty for what is no
 * table or has no column list (a view, a virtual table).
 */
export function columnsOfCreateTable(sql: string): string[] {
  const tokens = [...sql.matchAll(TOKEN)].map((match) => match[0]).filter((t) => !COMMENT.test(t));
  if (!/^create$/i.test(tokens[0] ?? '') || tokens.slice(0, 4).some((t) => /^virtual$/i.test(t))) {
    return [];
  }
  const open = tokens.indexOf('(');
  if (open < 0 || !tokens.slice(0, open).some((t) => /^table$/i.test(t))) {
    return [];
  }
  const columns: string[] = [];
  let depth = 0;
  let atStart = true;
  for (const token of tokens.slice(open + 1)) {
    if (depth === 0 && atStart) {
      if (/^(constraint|primary|unique|check|foreign)$/i.test(token)) {
        break;
      }
      columns.push(unquote(token));
      atStart = false;
    } else if (token === '(') {
      depth++;
    } else if (token === ')') {
      if (depth === 0) {
        break;
      }
      depth--;
    } else if (token === ',' && depth === 0) {
      atStart = true;
    }
  }
  return columns;
}

const COMMENT = /^(--|\/\*)/;
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|'(?:[^']|'')*'|`(?:[^`]|``)*`|\[[^\]]*\]|[^\s(),"'`[\]]+|[(),]/g;

function unquote(token: string): string {
  const quote = token[0];
  if (quote === '[') {
    return token.slice(1, -1);
  }
  return quote === '"' || quote === "'" || quote === '`'
    ? token.slice(1, -1).replaceAll(quote + quote, quote)
    : token;
}
