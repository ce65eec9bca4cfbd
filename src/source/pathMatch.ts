/** Segments of a path from any machine; '.' and empty ones say nothing, '..' matches nothing. */
function segments(path: string): string[] {
  return path.split(/[\\/]+/).filter((segment) => segment !== '' && segment !== '.');
}

/**
 * Which files of this machine a path recorded on another one means: those that share the most segments
 * with it, counted from the file's name backwards. Letters count as they are written; both kinds of
 * separator are understood. At least the file's name has to be the same.
 *
 * Only `candidates` are ever returned: a recorded '..' or absolute path leads nowhere else.
 *
 * @param sought path as the trace has it
 * @param candidates paths of this machine
 * @returns all equally good ones, the shortest path first; empty where no file has the name
 */
export function matchPaths(sought: string, candidates: readonly string[]): string[] {
  const wanted = segments(sought).reverse();
  let most = 1;
  let matches: string[] = [];
  for (const candidate of candidates) {
    const common = commonLength(wanted, segments(candidate).reverse());
    if (common > most) {
      most = common;
      matches = [candidate];
    } else if (common === most) {
      matches.push(candidate);
    }
  }
  return [...new Set(matches)].sort(
    (a, b) => segments(a).length - segments(b).length || (a < b ? -1 : 1),
  );
}

function commonLength(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length] && a[length] !== '..') {
    length++;
  }
  return length;
}
