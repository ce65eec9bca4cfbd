/**
 * The rank a file's name states: "rank3", "rank-3", "rank_3"; else the tensor-parallel one ("TP0",
 * "TP-0") that SGLang writes. -1 where it states none.
 */
export function rankOfFileName(name: string): number {
  const match =
    /rank[-_]?(\d{1,6})(?!\d)/i.exec(name) ?? /(?:^|[^a-z])tp[-_]?(\d{1,6})(?!\d)/i.exec(name);
  return match === null ? -1 : Number(match[1]);
}

/**
 * Ranks of files whose names state none each: "host_4711.0.json" beside "host_4712.1.json". Where the
 * names are alike but for their numbers, and exactly one place has all numbers from 0 up to one less
 * than the files are many, these are the ranks; any other number may be a process or a time. Else -1
 * for each.
 */
export function ranksOfNames(names: readonly string[]): number[] {
  const unknown = names.map(() => -1);
  const patterns = new Set(names.map((name) => name.replace(/\d+/g, '#')));
  if (names.length < 2 || patterns.size > 1) {
    return unknown;
  }
  const numbers = names.map((name) => (name.match(/\d+/g) ?? []).map(Number));
  const places = (numbers[0] ?? []).map((_, place) => numbers.map((all) => all[place]));
  const [ranks, ...others] = places.filter(
    (values) =>
      new Set(values).size === names.length && values.every((value) => value < names.length),
  );
  return ranks === undefined || others.length > 0 ? unknown : ranks;
}

const byNumbers = new Intl.Collator('en', { numeric: true });

/** Names of one run in the order of their numbers: 2 before 10. */
export function compareNames(a: string, b: string): number {
  return byNumbers.compare(a, b);
}
