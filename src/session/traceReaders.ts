import { flatReader } from '../formats/flat/flatReader.js';
import { ingeroReader } from '../formats/ingero/ingeroReader.js';
import { kinetoReader } from '../formats/kineto/kinetoReader.js';
import { layerscopeReader } from '../formats/layerscope/layerscopeReader.js';
import { nsysReader } from '../formats/nsys/nsysReader.js';
import type { FormatReader } from '../formats/reader.js';
import { rocpdReader } from '../formats/rocpd/rocpdReader.js';
import { rpdReader } from '../formats/rpd/rpdReader.js';
import type { OpenEngine } from '../sqlite/engine.js';

/** Every format this version reads; asked in this order whether a file is theirs. */
export function traceReaders(openEngine: OpenEngine): readonly FormatReader[] {
  return [
    layerscopeReader(openEngine),
    ingeroReader(openEngine),
    rocpdReader(openEngine),
    rpdReader(openEngine),
    nsysReader(openEngine),
    flatReader(openEngine),
    kinetoReader,
  ];
}
