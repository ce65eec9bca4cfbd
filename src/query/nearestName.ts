/** The candidate closest to a mistyped name; undefined where none is close. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const sought = folded(name);
  let best: string | undefined;
  // A third of the letters may be wrong, at least one and at most three.
  let least = Math.min(3, Math.max(1, Math.floor(sought.length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(sought, folded(candidate), least);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** `layerType`, `layer_type` and `LAYER TYPE` are one name. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_]/g, '');
}

/** Levenshtein distance; any number of at least `limit` where it is that far. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) {
    return limit;
  }
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + change);
    }
    row = next;
  }
  return row[b.length];
}
