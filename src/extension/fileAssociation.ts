/** Suffixes of two parts by which the trace editor claims files; all others count from the last dot. */
const COMPOUND_SUFFIXES = ['.pt.trace.json.gz', '.pt.trace.json', '.json.gz', '.tar.gz'];

/**
 * The pattern of `workbench.editorAssociations` for files named like this one: "*.db". A file
 * without a suffix is named as it is.
 */
export function associationPattern(fileName: string): string {
  const lower = fileName.toLowerCase();
  const compound = COMPOUND_SUFFIXES.find((suffix) => lower.endsWith(suffix));
  if (compound !== undefined) {
    return `*${compound}`;
  }
  const dot = fileName.lastIndexOf('.');
  return dot <= 0 ? fileName : `*${fileName.slice(dot)}`;
}
