import { compareNames } from './rankOfName.js';

const TRACE_FILE = /\.((db|db3|rpd|sqlite3?|json)(\.gz)?|tar|tar\.gz|tgz)$/i;
/** Configurations and rules that lie beside traces, and are none; what macOS keeps of a copied file. */
const NO_TRACE = /(^|\.)(config|layers|model|package|settings)\.json$|^\._/i;
const PACKED_OTHERWISE = /\.(db|db3|rpd|sqlite3?|json|tar)\.(zst|xz|bz2|lz4|zip|7z)$/i;

/** Whether a file of a folder is looked into for a trace, by its name. */
export function mayBeTrace(name: string): boolean {
  return TRACE_FILE.test(name) && !NO_TRACE.test(name);
}

/** Folders within a folder that are looked into for files to tell of. */
const MOST_FOLDERS = 200;

/**
 * Those of a folder's own folders that hold files that may be traces, in the order of their names.
 * @param namesIn names of the files directly in one; none where it may not be read
 */
export async function foldersWithTraces(
  folders: readonly string[],
  namesIn: (folder: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const holding: string[] = [];
  for (const folder of [...folders].sort(compareNames).slice(0, MOST_FOLDERS)) {
    if ((await namesIn(folder)).some(mayBeTrace)) {
      holding.push(folder);
    }
  }
  return holding;
}

/** Whether a name is that of a trace in a packing that is not read. */
export function isPackedOtherwise(name: string): boolean {
  return PACKED_OTHERWISE.test(name);
}
