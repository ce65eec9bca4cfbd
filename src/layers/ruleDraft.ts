import { testedText } from './testedText.js';

/** A rule of the list `names`, as JSON has it, for a person to complete. */
export interface RuleDraft {
  readonly id: string;
  /** regular expression that matches exactly the kernel */
  readonly kernel: string;
  readonly type: 'unclassified';
  readonly why: string;
}

/** Where to go on writing in a text. */
export interface TextWithSelection {
  readonly text: string;
  /** of the placeholder that is to be replaced */
  readonly offset: number;
  readonly length: number;
}

const PLACEHOLDER = 'unclassified';
const LONGEST_ID = 48;

/**
 * A rule for one kernel name, with the layer type left to fill.
 *
 * @param taken ids that other rules of the file have
 */
export function ruleDraft(kernel: string, taken: readonly string[] = []): RuleDraft {
  const tested = testedText(kernel);
  const end = tested.length === kernel.length ? '$' : '';
  return {
    id: freeId(kernel, taken),
    kernel: `^${escapedPattern(tested)}${end}`,
    type: PLACEHOLDER,
    why: 'say here why this kernel belongs to that layer type',
  };
}

/** Several drafts as a whole rule file. */
export function ruleFile(kernels: readonly string[]): string {
  const taken: string[] = [];
  const names = kernels.map((kernel) => {
    const draft = ruleDraft(kernel, taken);
    taken.push(draft.id);
    return draft;
  });
  return `${JSON.stringify({ names }, null, 2)}\n`;
}

/**
 * A rule file with one more rule for `kernel`, put first in `names`: there it decides before the
 * others. What the file holds besides is left as it was written.
 *
 * @param existing text of the file, '' where there is none
 * @returns undefined where the text is not JSON, or holds no object, or `names` is no list
 */
export function withRuleFor(existing: string, kernel: string): TextWithSelection | undefined {
  if (existing.trim() === '') {
    return selected(ruleFile([kernel]), 0);
  }
  let json: unknown;
  try {
    json = JSON.parse(existing);
  } catch {
    return undefined; // with comments in it, or half written: not ours to rewrite
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return undefined;
  }
  const names = (json as Record<string, unknown>)['names'];
  if (names !== undefined && !Array.isArray(names)) {
    return undefined;
  }
  const ids = (names ?? []).map((rule: unknown) =>
    String((rule as { readonly id?: unknown } | null)?.id ?? ''),
  );
  const rule = JSON.stringify(ruleDraft(kernel, ids), null, 2).replaceAll('\n', '\n    ');
  const insert = (at: number, text: string): TextWithSelection =>
    selected(existing.slice(0, at) + text + existing.slice(at), at);
  if (names === undefined) {
    const open = existing.indexOf('{') + 1;
    const comma = Object.keys(json).length === 0 ? '\n' : ',';
    return insert(open, `\n  "names": [\n    ${rule}\n  ]${comma}`);
  }
  const open = listStart(existing, 'names');
  return open < 0 ? undefined : insert(open, `\n    ${rule}${names.length === 0 ? '\n  ' : ','}`);
}

function selected(text: string, from: number): TextWithSelection {
  const key = '"type": "';
  const offset = text.indexOf(`${key}${PLACEHOLDER}"`, from) + key.length;
  return { text, offset, length: PLACEHOLDER.length };
}

/** Position behind the '[' of a list of the outermost object; -1 = none. @param json valid JSON */
function listStart(json: string, key: string): number {
  let depth = 0;
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  let found = -1;
  for (let token = tokens.exec(json); token !== null; token = tokens.exec(json)) {
    const [text] = token;
    if (text === '{' || text === '[') {
      depth++;
    } else if (text === '}' || text === ']') {
      depth--;
    } else if (depth === 1 && JSON.parse(text) === key) {
      // The last of several equal keys counts, as in JSON.parse.
      const list = /^\s*:\s*\[/.exec(json.slice(tokens.lastIndex));
      found = list === null ? found : tokens.lastIndex + list[0].length;
    }
  }
  return found;
}

/** The text as a pattern that matches it alone; what cannot be seen is written as \uXXXX. */
function escapedPattern(text: string): string {
  return text
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** "void at::native::foo<float>(...)" as "at-native-foo-float". */
function freeId(kernel: string, taken: readonly string[]): string {
  const words = kernel
    .slice(0, 500)
    .replace(/^void\s+/, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
  const id = words.slice(0, LONGEST_ID).replace(/^-+|-+$/g, '') || 'kernel';
  let free = id;
  for (let n = 2; taken.includes(free); n++) {
    free = `${id}-${n}`;
  }
  return free;
}
