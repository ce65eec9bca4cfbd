const TRACE_FILE = /\.(db|db3|rpd|sqlite3?|json|json\.gz|tar|tar\.gz|tgz)$/i;
/** Configurations and rules that lie beside traces, and are none. */
const NO_TRACE = /(^|\.)(config|layers|model|package|settings)\.json$/i;

/** Whether a file of a folder is looked into for a trace, by its name. */
export function mayBeTrace(name: string): boolean {
  return TRACE_FILE.test(name) && !NO_TRACE.test(name);
}
