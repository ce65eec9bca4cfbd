const TRACE_FILE = /\.((db|db3|rpd|sqlite3?|json)(\.gz)?|tar|tar\.gz|tgz)$/i;
/** Configurations and rules that lie beside traces, and are none; what macOS keeps of a copied file. */
const NO_TRACE = /(^|\.)(config|layers|model|package|settings)\.json$|^\._/i;
const PACKED_OTHERWISE = /\.(db|db3|rpd|sqlite3?|json|tar)\.(zst|xz|bz2|lz4|zip|7z)$/i;

/** Whether a file of a folder is looked into for a trace, by its name. */
export function mayBeTrace(name: string): boolean {
  return TRACE_FILE.test(name) && !NO_TRACE.test(name);
}

/** Whether a name is that of a trace in a packing that is not read. */
export function isPackedOtherwise(name: string): boolean {
  return PACKED_OTHERWISE.test(name);
}
