import { TraceOpenError } from '../../trace/index.js';
import { printable } from '../printable.js';

/** A file in a tar archive. */
export interface TarEntry {
  /** as the archive names it: to be shown, never to be opened or written */
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** where its bytes begin in the unpacked archive */
  readonly offset: number;
}

/** Up to `length` bytes of the unpacked archive; fewer only at its end. Offsets only grow. */
export type ReadForward = (offset: number, length: number) => Promise<Uint8Array>;

const BLOCK = 512;
/** A header's extension holds names and a few attributes; more is damage, or made to fill memory. */
const MOST_EXTENSION = 1 << 20;
const MOST_ENTRIES = 100_000;
/** Files that archivers of macOS add for attributes of the real ones. */
const ATTRIBUTES = /(^|\/)(\._|__MACOSX\/|\.DS_Store$)/;

/**
 * The files of a tar archive in its order, from its headers alone (POSIX.1-2001 ustar and pax, GNU long
 * names and sizes). What stands between two entries does not have to be read by the caller.
 *
 * @param name of the archive, for sentences
 * @throws TraceOpenError where a header is damaged, or the archive has more entries than any run has files
 */
export async function* tarEntries(
  name: string,
  read: ReadForward,
): AsyncGenerator<TarEntry, void, undefined> {
  let offset = 0;
  let global: Extension = {};
  let next: Extension = {};
  for (let count = 0; ; count++) {
    const header = await read(offset, BLOCK);
    if (header.length === 0 || header.every((byte) => byte === 0)) {
      return;
    }
    if (header.length < BLOCK) {
      throw new TraceOpenError(
        'damaged',
        `${name} ends in the middle of a header, at byte ${offset}: the archive was cut.`,
      );
    }
    if (count > MOST_ENTRIES) {
      throw new TraceOpenError(
        'too-large',
        `${name} has more than ${MOST_ENTRIES} entries. Unpack it, and open the folder with the traces.`,
      );
    }
    const type = String.fromCharCode(header[156]);
    const extension = { ...global, ...next };
    // Links, devices and folders have no bytes, whatever their header says of a size.
    const stated = /[1-6]/.test(type) ? 0 : numberAt(header, 124, 12);
    const size = /[xgLK]/.test(type) ? stated : (extension.size ?? stated);
    if (size === undefined || !Number.isSafeInteger(size) || !checksumFits(header)) {
      throw new TraceOpenError(
        'damaged',
        `${name} cannot be read as an archive: the header at byte ${offset} is damaged. Copy it again, or unpack what can be saved and open that.`,
      );
    }
    const data = offset + BLOCK;
    offset = data + Math.ceil(size / BLOCK) * BLOCK;
    if (/[xgLK]/.test(type)) {
      if (size > MOST_EXTENSION) {
        throw new TraceOpenError(
          'damaged',
          `${name} cannot be read as an archive: a name in it has ${size} bytes.`,
        );
      }
      const bytes = await read(data, size);
      if (type === 'g') {
        global = { ...global, ...paxExtension(bytes) };
      } else if (type === 'x') {
        next = { ...next, ...paxExtension(bytes) };
      } else if (type === 'L') {
        next = { ...next, path: textAt(bytes, 0, bytes.length) };
      }
      continue;
    }
    next = {};
    const path = extension.path ?? ownPath(header);
    // Files with holes are stored without them: their bytes are not those of the file.
    const plain = /[0\0 7]/.test(type) && extension.sparse !== true;
    if (plain && size > 0 && !ATTRIBUTES.test(path)) {
      yield { path, size, offset: data };
    }
  }
}

/** The error for an archive that ends before the bytes of an entry do. */
export function cutInEntry(name: string, entry: TarEntry): TraceOpenError {
  return new TraceOpenError(
    'damaged',
    `${name} ends in the middle of ${printable(entry.path)}: the archive was cut.`,
  );
}

interface Extension {
  readonly path?: string;
  readonly size?: number;
  readonly sparse?: boolean;
}

/** Records of the form "LENGTH KEY=VALUE\n", where the length counts the whole record in bytes. */
function paxExtension(bytes: Uint8Array): Extension {
  let extension: Extension = {};
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(textAt(bytes, at, space - at));
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > bytes.length) {
      break; // what follows cannot be told apart any more
    }
    const record = textAt(bytes, space + 1, at + length - 1 - (space + 1));
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') {
      extension = { ...extension, path: value };
    } else if (key === 'size') {
      extension = { ...extension, size: Number(value) };
    } else if (key.startsWith('GNU.sparse.')) {
      extension = { ...extension, sparse: true };
    }
    at += length;
  }
  return extension;
}

function ownPath(header: Uint8Array): string {
  const name = textAt(header, 0, 100);
  // Only POSIX archives have a prefix there; GNU's own format has times.
  const posix = textAt(header, 257, 8) === 'ustar' && header[262] === 0;
  const prefix = posix ? textAt(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Text up to the first NUL. */
function textAt(bytes: Uint8Array, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + Math.max(0, length));
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or GNU's binary form for what does not fit them; undefined where it is neither. */
function numberAt(bytes: Uint8Array, offset: number, length: number): number | undefined {
  if (bytes[offset] === 0x80) {
    return bytes.subarray(offset + 1, offset + length).reduce((n, byte) => n * 256 + byte, 0);
  }
  const text = textAt(bytes, offset, length).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : undefined;
}

/** A header's checksum counts its own field as spaces. Some old archivers added signed bytes. */
function checksumFits(header: Uint8Array): boolean {
  const stated = numberAt(header, 148, 8);
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : header[i];
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return stated === unsigned || stated === signed;
}
