import { flatReader } from '../formats/flat/flatReader.js';
import { ingeroReader } from '../formats/ingero/ingeroReader.js';
import { kinetoReader } from '../formats/kineto/kinetoReader.js';
import { nsysReader } from '../formats/nsys/nsysReader.js';
import type { FormatReader } from '../formats/reader.js';
import type { SqlEngine } from '../sqlite/engine.js';

/** Every format this version reads; asked in this order whether a file is theirs. */
export function traceReaders(
  openEngine: (database: Uint8Array) => Promise<SqlEngine>,
): readonly FormatReader[] {
  return [ingeroReader(openEngine), nsysReader(openEngine), flatReader(openEngine), kinetoReader];
}
