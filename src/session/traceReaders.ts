import { createFlatReader } from '../formats/flat/flatReader.js';
import { createIngeroReader } from '../formats/ingero/ingeroReader.js';
import { kinetoReader } from '../formats/kineto/kinetoReader.js';
import type { FormatReader } from '../formats/reader.js';
import type { SqlJs } from '../sqlite/sqlJsEngine.js';

/** Every format this version reads; asked in this order whether a file is theirs. */
export function traceReaders(sqlJs: () => Promise<SqlJs>): readonly FormatReader[] {
  return [createIngeroReader(sqlJs), createFlatReader(sqlJs), kinetoReader];
}
