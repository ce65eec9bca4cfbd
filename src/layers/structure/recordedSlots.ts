import type { PartKind } from '../model/modelPlan.js';
import { AFTER, type Chunks } from './chunks.js';
import { KIND_BIT, type Slot } from './slots.js';

/** What stands between two residual additions. */
type Group = PartKind | 'head' | 'unknown';

const MIXERS: ReadonlySet<Group> = new Set<Group>([
  'mamba',
  'linear_attention',
  'short_conv',
  'attention',
]);
/** Products of an MLP: gate, up, down, and small adapters beside them. */
const MOST_MLP_GEMMS = 4;
/** Passes with fewer parts are too short to be told from chance. */
const LEAST_PARTS = 4;

/**
 * The slots of a forward pass as a trace without a configuration shows them: the run of parts between
 * two heads that occurs most often. Layers are counted only where each is plainly a mixer and a
 * feed-forward part; else the slots carry no index (-1), for a model may have layers of one part.
 *
 * @returns undefined where no such run is there, or where parts of it cannot be told
 */
export function recordedSlots(chunks: Chunks): Slot[] | undefined {
  const runs = new Map<string, { groups: PartKind[]; times: number }>();
  let run: Group[] = [];
  const close = (): void => {
    if (run.length >= LEAST_PARTS && !run.includes('unknown')) {
      const key = run.join(' ');
      const known = runs.get(key);
      if (known === undefined) {
        runs.set(key, { groups: run.filter((group) => group in KIND_BIT) as PartKind[], times: 1 });
      } else {
        known.times++;
      }
    }
    run = [];
  };
  for (const group of groupsOf(chunks)) {
    if (group === 'head') {
      close();
    } else {
      run.push(group);
    }
  }
  close();
  let best: { groups: PartKind[]; times: number } | undefined;
  for (const candidate of runs.values()) {
    const weight = candidate.times * candidate.groups.length;
    if (best === undefined || weight > best.times * best.groups.length) {
      best = candidate;
    }
  }
  return best === undefined ? undefined : asSlots(best.groups);
}

function asSlots(groups: readonly PartKind[]): Slot[] {
  const pairs =
    groups.length % 2 === 0 &&
    groups.every((group, i) => (i % 2 === 0 ? MIXERS.has(group) : !MIXERS.has(group)));
  return groups.map((kind, i) => ({
    layer: pairs ? i >> 1 : -1,
    kinds: [kind],
    mask: KIND_BIT[kind],
    sharedExpert: null,
  }));
}

/** A group as it was found, with what tells it from others of its kind. */
interface Found {
  readonly group: Group;
  readonly gemms: number;
  readonly norms: number;
  /** its first normalisation is followed by one product and no kernel of a kind: a head looks so */
  readonly beginsAsHead: boolean;
}

/**
 * Where nothing names the embedding, a head and the first part of the next pass look like one part: it
 * has a normalisation and a product more than most of its kind.
 */
function groupsOf(chunks: Chunks): Group[] {
  const found = foundGroups(chunks);
  const gemms = mostCommon(found, ({ gemms: count }) => count);
  const norms = mostCommon(found, ({ norms: count }) => count);
  return found.flatMap((one): Group[] => {
    const holdsHead =
      one.beginsAsHead &&
      one.gemms === (gemms.get(one.group) ?? 0) + 1 &&
      one.norms === (norms.get(one.group) ?? 0) + 1;
    return holdsHead ? ['head', one.group] : [one.group];
  });
}

/** By group the figure that most of its kind have. */
function mostCommon(found: readonly Found[], of: (one: Found) => number): Map<Group, number> {
  const times = new Map<Group, Map<number, number>>();
  for (const one of found) {
    const counts = times.get(one.group) ?? new Map<number, number>();
    times.set(one.group, counts);
    counts.set(of(one), (counts.get(of(one)) ?? 0) + 1);
  }
  return new Map(
    [...times].map(([group, counts]) => [group, [...counts].sort((a, b) => b[1] - a[1])[0][0]]),
  );
}

function foundGroups(chunks: Chunks): Found[] {
  const groups: Found[] = [];
  let first = 0;
  let kinds = 0;
  let gemms = 0;
  let conv = 0;
  let activation = 0;
  let edge = 0;
  let norms = 0;
  let split = false;
  const close = (): void => {
    const group = groupOf(kinds, gemms, conv, edge);
    // Gated mixers have activations too; without a configuration only the plain shape is an MLP.
    const isMlp = activation === 1 && norms <= 1 && gemms >= 2 && gemms <= MOST_MLP_GEMMS;
    // Attention and an MLP without a residual between them (Zamba) are two parts that look like one.
    const isTwo = split || (group === 'attention' && activation === 1);
    groups.push({
      group: isTwo || (group === 'mlp' && !isMlp) ? 'unknown' : group,
      gemms,
      norms,
      beginsAsHead: chunks.gemms[first] === 1 && chunks.kinds[first] === 0,
    });
    kinds = gemms = conv = activation = edge = norms = 0;
    split = false;
  };
  for (let c = 0; c < chunks.count; c++) {
    const begins =
      chunks.after[c] === AFTER.addThenNorm || (c > 0 && chunks.edge[c - 1] === 1) || c === 1;
    if (c > 0 && begins) {
      close();
      first = c;
    }
    norms += chunks.body[c] > chunks.start[c] ? 1 : 0;
    // Products after an addition without a norm between: one group may be two parts.
    split ||= chunks.after[c] === AFTER.addOnly && chunks.gemms[c] >= 2;
    kinds |= chunks.kinds[c];
    gemms += chunks.gemms[c];
    conv |= chunks.conv[c];
    activation |= chunks.activation[c];
    edge |= chunks.edge[c];
  }
  close();
  return groups;
}

function groupOf(kinds: number, gemms: number, conv: number, edge: number): Group {
  if (edge === 1 || (gemms <= 1 && kinds === 0 && conv === 0)) {
    return 'head';
  }
  const kind = (Object.keys(KIND_BIT) as PartKind[]).find((name) => KIND_BIT[name] === kinds);
  return kind ?? (kinds === 0 && conv === 0 ? 'mlp' : 'unknown');
}
