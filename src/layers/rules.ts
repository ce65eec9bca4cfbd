import { isJsonObject, type JsonObject } from '../formats/jsonObject.js';
import { isLayerType, PHASES, type LayerType, type Phase } from '../trace/index.js';
import { OwnPattern, refusal } from './ownPattern.js';

/**
 * How a module rule stands to the modules around it. 'owner': everything called beneath it is its
 * work (attention, a mixer, an MLP). 'part': as an owner, but only inside the owners its `in` names
 * (a router in a mixture of experts). 'leaf': decides only where no owner encloses it (a norm).
 */
export const MODULE_ROLES = ['owner', 'part', 'leaf'] as const;
export type ModuleRole = (typeof MODULE_ROLES)[number];

/** What an nn.Module class says about the calls launched beneath it; every condition given must hold. */
export interface ModuleRule {
  /** what `in` of other rules refers to; rules that share an id are one notion */
  readonly id: string;
  readonly role: ModuleRole;
  readonly type: LayerType;
  /** why this is so, in words people read */
  readonly why: string;
  /** matches the class name */
  readonly class: RegExp | null;
  /** matches the last name of a module path ("self_attn"), where the trace states paths */
  readonly word: RegExp | null;
  readonly classNot: RegExp | null;
  /** matches the kernel's name; such a rule decides single calls before any class does */
  readonly kernel: RegExp | null;
  /** ids of rules of which one matched an enclosing module */
  readonly in: readonly string[];
  /** ids of rules of which one matched the module directly above */
  readonly directlyIn: readonly string[];
  /** some module called directly beneath has such a class */
  readonly withChild: RegExp | null;
  /** some other module beneath the same parent has such a class */
  readonly withSibling: RegExp | null;
  /** no other module beneath the same parent has such a class */
  readonly withoutSibling: RegExp | null;
  /** whether the modules of such a class beneath the same parent are one or many */
  readonly alike: 'one' | 'many' | null;
  /** whether it is called before or after the others of such a class beneath the same parent */
  readonly place: 'first' | 'later' | null;
  /** called by the layer itself */
  readonly directlyInLayer: boolean;
  readonly outsideLayers: boolean;
  /** called after the model's last layer, by the module that (indirectly) holds the layers */
  readonly afterLayers: boolean;
}

/**
 * Which annotations state a module. Named groups of `match` say which: `path` the dotted path from the
 * model down, or, counted from the annotation around it, `index` the number of a layer and `word` a
 * module's name.
 */
export interface RangeRule {
  readonly id: string;
  readonly match: RegExp;
  readonly why: string;
}

/** Work that no layer does: what is not told otherwise gets this as its reason. */
export interface OutsideRule {
  readonly id: string;
  /** matches an annotation around the launch */
  readonly annotation: RegExp | null;
  /** matches a framework operator around the launch */
  readonly op: RegExp | null;
  readonly why: string;
}

/** What a frame of a call stack says. `unclassified` ends the search: outer frames say nothing more. */
export interface FrameRule {
  readonly id: string;
  readonly file: RegExp | null;
  readonly function: RegExp | null;
  readonly library: RegExp | null;
  readonly type: LayerType;
  readonly why: string;
}

/** What a name alone says. */
export interface NameRule {
  readonly id: string;
  /** matches the name of the kernel, copy or API call */
  readonly kernel: RegExp | null;
  /** matches the name of a framework operator around the launch */
  readonly op: RegExp | null;
  /** matches the collective the file names for the kernel */
  readonly collective: RegExp | null;
  /** holds only for calls launched inside an operator or annotation (NVTX range) of such a name */
  readonly within: RegExp | null;
  /** holds only where one of these types is evident elsewhere in the trace */
  readonly needs: readonly LayerType[];
  /** holds only where none of these types is evident elsewhere in the trace */
  readonly unless: readonly LayerType[];
  /** holds only for calls whose modules or stack were looked at, or where the trace has none to look at */
  readonly unclaimed: boolean;
  /** a user wrote it: it decides before structure and companion traces do */
  readonly own: boolean;
  readonly type: LayerType;
  readonly why: string;
}

/**
 * Which annotations are steps. Named groups of `match` carry meaning: `number` is the step's number,
 * `phase` a word of `RuleSet.phaseWords`, `prefill` and `decode` counts of requests in that phase.
 */
export interface StepRule {
  readonly id: string;
  readonly match: RegExp;
  /** gives way to the other steps that it holds (a profiler iteration around engine steps) */
  readonly weak: boolean;
  /** the step is training where it holds an annotation of such a name */
  readonly trainWhenHolds: RegExp | null;
  readonly why: string;
}

/** What a kernel does, as far as its name tells: the alphabet in which a layer's structure is read. */
export const KERNEL_ROLES = [
  'gemm',
  /** the last step of a product split along its inner dimension */
  'gemm_tail',
  'grouped_gemm',
  /** a whole normalisation */
  'norm',
  'fused_add_norm',
  /** steps of a normalisation that runs element by element */
  'rsqrt',
  'square',
  'mean',
  'add',
  'add_scalar',
  'multiply',
  'scale',
  'softmax',
  'topk',
  'sort',
  'arange',
  'histogram',
  'activation',
  'rotary_table',
  'conv1d',
  'gather',
  'scatter',
  'attention',
  'scan',
  'delta',
  'collective',
  'copy',
  'memcpy',
  'fill',
  'elementwise',
  'reduce',
] as const;
export type KernelRole = (typeof KERNEL_ROLES)[number];

/** The role of the kernels of a name; it is no label, for many layers hold a kernel of each role. */
export interface StructureRule {
  readonly id: string;
  readonly kernel: RegExp;
  readonly role: KernelRole;
  readonly why: string;
}

/** Everything attribution knows of models and engines. In each list the first rule that holds decides. */
export interface RuleSet {
  readonly modules: readonly ModuleRule[];
  readonly frames: readonly FrameRule[];
  readonly names: readonly NameRule[];
  readonly structure: readonly StructureRule[];
  readonly steps: readonly StepRule[];
  readonly ranges: readonly RangeRule[];
  readonly outside: readonly OutsideRule[];
  /** phase words of annotations, in lower case */
  readonly phaseWords: Readonly<Record<string, Phase>>;
  /** classes that are a layer of a model even where one occurs only once */
  readonly blockClass: readonly RegExp[];
  /** names of the lists in module paths whose items are layers: "layers" in "model.layers.17" */
  readonly layerList: readonly RegExp[];
  /** names of lists whose items are layers although an item of another list of layers holds them */
  readonly listInStage: readonly RegExp[];
  /** operators that add up the gradients of the backward operator before them */
  readonly accumulate: readonly RegExp[];
}

/** A rule file that does not hold what it should; the message is a sentence for its author. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

/** Reads one rule, key by key, and refuses what is not understood. */
class RuleReader {
  private readonly seen = new Set<string>();

  constructor(
    private readonly json: JsonObject,
    private readonly where: string,
    readonly own: boolean,
  ) {}

  fail(what: string): never {
    throw new RuleError(`${this.where}: ${what}`);
  }

  private take(key: string): unknown {
    this.seen.add(key);
    return this.json[key];
  }

  text(key: string): string {
    const value = this.take(key);
    if (typeof value !== 'string' || value === '') {
      this.fail(`'${key}' must be a text that is not empty.`);
    }
    return value;
  }

  pattern(key: string): RegExp | null {
    const value = this.take(key);
    if (value === undefined) {
      return null;
    }
    if (typeof value !== 'string' || value === '') {
      this.fail(`'${key}' must be a regular expression, as text.`);
    }
    let pattern: RegExp;
    try {
      pattern = this.own ? new OwnPattern(value) : new RegExp(value);
    } catch (error) {
      return this.fail(
        `'${key}' is not a regular expression: ${error instanceof Error ? error.message : String(error)}.`,
      );
    }
    const refused = this.own ? refusal(value) : null;
    if (refused !== null) {
      this.fail(`'${key}' ${refused}: ${value}.`);
    }
    return pattern;
  }

  flag(key: string): boolean {
    const value = this.take(key) ?? false;
    if (typeof value !== 'boolean') {
      this.fail(`'${key}' must be true or false.`);
    }
    return value;
  }

  texts(key: string): readonly string[] {
    const value = this.take(key) ?? [];
    if (!Array.isArray(value) || !value.every((v): v is string => typeof v === 'string')) {
      this.fail(`'${key}' must be a list of texts.`);
    }
    return value;
  }

  oneOf<T extends string>(key: string, words: readonly T[]): T {
    const value = this.take(key);
    const word = words.find((w) => w === value);
    if (word === undefined) {
      this.fail(`'${key}' must be one of ${words.join(', ')}.`);
    }
    return word;
  }

  optionalOneOf<T extends string>(key: string, words: readonly T[]): T | null {
    return this.json[key] === undefined ? null : this.oneOf(key, words);
  }

  type(key: string): LayerType {
    const value = this.take(key);
    if (typeof value !== 'string' || !isLayerType(value)) {
      this.fail(`'${key}' must be a layer type such as mamba, attention or moe_experts.`);
    }
    return value;
  }

  types(key: string): readonly LayerType[] {
    return this.texts(key).map((word) => {
      if (!isLayerType(word)) {
        this.fail(`'${key}' holds '${word}', which is not a layer type.`);
      }
      return word;
    });
  }

  /** @throws RuleError where the rule has a key that nobody read: a misspelt condition must not vanish */
  done(): void {
    for (const key of Object.keys(this.json)) {
      if (!this.seen.has(key)) {
        this.fail(`'${key}' is not a key this kind of rule has.`);
      }
    }
  }
}

function moduleRule(r: RuleReader): ModuleRule {
  const rule: ModuleRule = {
    id: r.text('id'),
    role: r.oneOf('role', MODULE_ROLES),
    type: r.type('type'),
    why: r.text('why'),
    class: r.pattern('class'),
    word: r.pattern('word'),
    classNot: r.pattern('classNot'),
    kernel: r.pattern('kernel'),
    in: r.texts('in'),
    directlyIn: r.texts('directlyIn'),
    withChild: r.pattern('withChild'),
    withSibling: r.pattern('withSibling'),
    withoutSibling: r.pattern('withoutSibling'),
    alike: r.optionalOneOf('alike', ['one', 'many']),
    place: r.optionalOneOf('place', ['first', 'later']),
    directlyInLayer: r.flag('directlyInLayer'),
    outsideLayers: r.flag('outsideLayers'),
    afterLayers: r.flag('afterLayers'),
  };
  if ([rule.class, rule.word, rule.kernel].filter((pattern) => pattern !== null).length !== 1) {
    r.fail("a module rule has one of 'class', 'word' and 'kernel'.");
  }
  if (rule.role === 'part' && rule.in.length === 0 && rule.directlyIn.length === 0) {
    r.fail("a rule of role 'part' says with 'in' or 'directlyIn' what it is a part of.");
  }
  return rule;
}

function frameRule(r: RuleReader): FrameRule {
  const rule: FrameRule = {
    id: r.text('id'),
    file: r.pattern('file'),
    function: r.pattern('function'),
    library: r.pattern('library'),
    type: r.type('type'),
    why: r.text('why'),
  };
  if (rule.file === null && rule.function === null && rule.library === null) {
    r.fail("a frame rule has at least one of 'file', 'function' and 'library'.");
  }
  return rule;
}

function nameRule(r: RuleReader): NameRule {
  const rule: NameRule = {
    id: r.text('id'),
    kernel: r.pattern('kernel'),
    op: r.pattern('op'),
    collective: r.pattern('collective'),
    within: r.pattern('within'),
    needs: r.types('needs'),
    unless: r.types('unless'),
    unclaimed: r.flag('unclaimed'),
    own: r.own,
    type: r.type('type'),
    why: r.text('why'),
  };
  if (rule.kernel === null && rule.op === null && rule.collective === null) {
    r.fail("a name rule has at least one of 'kernel', 'op' and 'collective'.");
  }
  return rule;
}

function stepRule(r: RuleReader): StepRule {
  const match = r.pattern('match');
  if (match === null) {
    return r.fail("a step rule has a 'match'.");
  }
  return {
    id: r.text('id'),
    match,
    weak: r.flag('weak'),
    trainWhenHolds: r.pattern('trainWhenHolds'),
    why: r.text('why'),
  };
}

function structureRule(r: RuleReader): StructureRule {
  const kernel = r.pattern('kernel');
  if (kernel === null) {
    return r.fail("a structure rule has a 'kernel'.");
  }
  return { id: r.text('id'), kernel, role: r.oneOf('role', KERNEL_ROLES), why: r.text('why') };
}

function rangeRule(r: RuleReader): RangeRule {
  const match = r.pattern('match');
  if (match === null || !/\(\?<(path|index|word)>/.test(match.source)) {
    return r.fail("a range rule has a 'match' with a group named path, index or word.");
  }
  return { id: r.text('id'), match, why: r.text('why') };
}

function outsideRule(r: RuleReader): OutsideRule {
  const rule: OutsideRule = {
    id: r.text('id'),
    annotation: r.pattern('annotation'),
    op: r.pattern('op'),
    why: r.text('why'),
  };
  if (rule.annotation === null && rule.op === null) {
    r.fail("a rule of 'outside' has at least one of 'annotation' and 'op'.");
  }
  return rule;
}

/** How a rule file is read: mistakes are collected, the rest holds. */
interface Reading {
  readonly origin: string;
  /** written by a user: its patterns are guarded */
  readonly own: boolean;
  readonly mistakes: string[];
}

/** What `read` gives, or `otherwise` where it finds a mistake, which is noted. */
function attempt<T>({ mistakes }: Reading, read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RuleError)) {
      throw error;
    }
    mistakes.push(error.message);
    return otherwise;
  }
}

function list<T>(json: JsonObject, key: string, reading: Reading, read: (r: RuleReader) => T): T[] {
  const { origin, own, mistakes } = reading;
  const value = json[key] ?? [];
  if (!Array.isArray(value)) {
    mistakes.push(`${origin}: '${key}' must be a list of rules.`);
    return [];
  }
  return value.flatMap((entry: unknown, i) => {
    if (!isJsonObject(entry)) {
      mistakes.push(`${origin}: ${key}[${i}]: must be an object.`);
      return [];
    }
    const id = entry['id'];
    const where = `${origin}: ${key}[${i}]${typeof id === 'string' && id !== '' ? ` (${id})` : ''}`;
    const reader = new RuleReader(entry, where, own);
    return attempt(reading, () => {
      const rule = read(reader);
      reader.done();
      return [rule];
    }, []);
  });
}

function phaseWords(json: unknown, { origin, mistakes }: Reading): Record<string, Phase> {
  if (json === undefined) {
    return {};
  }
  if (!isJsonObject(json)) {
    mistakes.push(`${origin}: 'phaseWords' must be an object.`);
    return {};
  }
  const words: Record<string, Phase> = {};
  for (const [word, value] of Object.entries(json)) {
    const phase = PHASES.find((p) => p === value);
    if (phase === undefined) {
      mistakes.push(`${origin}: phaseWords: '${word}' must be one of ${PHASES.join(', ')}.`);
    } else {
      words[word.toLowerCase()] = phase;
    }
  }
  return words;
}

/** The patterns of an object; each as a list of none or one, for merging. */
function patterns(
  json: JsonObject,
  key: string,
  reading: Reading,
  names: readonly string[],
): readonly (readonly RegExp[])[] {
  const { origin, own, mistakes } = reading;
  const value = json[key] ?? {};
  if (!isJsonObject(value)) {
    mistakes.push(`${origin}: '${key}' must be an object.`);
    return names.map(() => []);
  }
  const reader = new RuleReader(value, `${origin}: ${key}`, own);
  const read = names.map((name) =>
    attempt<readonly RegExp[]>(reading, () => {
      const pattern = reader.pattern(name);
      return pattern === null ? [] : [pattern];
    }, []),
  );
  attempt(reading, () => reader.done(), undefined);
  return read;
}

const KEYS = [
  'modules',
  'frames',
  'names',
  'structure',
  'steps',
  'ranges',
  'outside',
  'phaseWords',
  'layers',
  'backward',
];

/** Rules as far as they could be read, and a sentence for each that could not. */
export interface ReadRules {
  readonly rules: RuleSet;
  readonly mistakes: readonly string[];
}

/**
 * Rules from JSON as people write it: an object with any of `modules`, `frames`, `names`, `structure`,
 * `steps`, `ranges`, `outside`, `phaseWords`, `layers` and `backward`. See docs/attribution.md for the
 * format. A rule with a mistake is left out and the others hold.
 *
 * @param origin what the sentence of a mistake begins with: a file name, a setting
 * @param options `own`: a user wrote them, so that a pattern must not be able to hang
 */
export function readRules(
  json: unknown,
  origin: string,
  options: { readonly own?: boolean } = {},
): ReadRules {
  const mistakes: string[] = [];
  const reading: Reading = { origin, own: options.own === true, mistakes };
  const object = isJsonObject(json) ? json : {};
  if (!isJsonObject(json)) {
    mistakes.push(`${origin}: rules must be an object with ${KEYS.join(', ')}.`);
  }
  for (const key of Object.keys(object)) {
    if (!KEYS.includes(key) && key !== '$schema') {
      mistakes.push(`${origin}: '${key}' is unknown; there are ${KEYS.join(', ')}.`);
    }
  }
  const [blockClass, layerList, listInStage] = patterns(object, 'layers', reading, [
    'block',
    'list',
    'listInStage',
  ]);
  const [accumulate] = patterns(object, 'backward', reading, ['accumulate']);
  const rules: RuleSet = {
    modules: list(object, 'modules', reading, moduleRule),
    frames: list(object, 'frames', reading, frameRule),
    names: list(object, 'names', reading, nameRule),
    structure: list(object, 'structure', reading, structureRule),
    steps: list(object, 'steps', reading, stepRule),
    phaseWords: phaseWords(object['phaseWords'], reading),
    ranges: list(object, 'ranges', reading, rangeRule),
    outside: list(object, 'outside', reading, outsideRule),
    blockClass,
    layerList,
    listInStage,
    accumulate,
  };
  return { rules, mistakes };
}

/**
 * The same for rules that must be right.
 * @throws RuleError naming the first rule and key that is wrong
 */
export function parseRules(json: unknown, origin: string): RuleSet {
  const { rules, mistakes } = readRules(json, origin);
  if (mistakes.length > 0) {
    throw new RuleError(mistakes[0]);
  }
  return rules;
}

/**
 * Both rule sets as one. The rules of `extra` come first, so they decide before those of `base`.
 * @throws RuleError where a rule refers to an id that no rule has
 */
export function mergeRules(base: RuleSet, extra: RuleSet): RuleSet {
  const modules = [...extra.modules, ...base.modules];
  const ids = new Set(modules.map((rule) => rule.id));
  for (const rule of modules) {
    const unknown = [...rule.in, ...rule.directlyIn].find((id) => !ids.has(id));
    if (unknown !== undefined) {
      throw new RuleError(
        `Module rule '${rule.id}' refers to '${unknown}', but no module rule has that id.`,
      );
    }
  }
  return {
    modules,
    frames: [...extra.frames, ...base.frames],
    names: [...extra.names, ...base.names],
    structure: [...extra.structure, ...base.structure],
    steps: [...extra.steps, ...base.steps],
    phaseWords: { ...base.phaseWords, ...extra.phaseWords },
    ranges: [...extra.ranges, ...base.ranges],
    outside: [...extra.outside, ...base.outside],
    blockClass: [...extra.blockClass, ...base.blockClass],
    layerList: [...extra.layerList, ...base.layerList],
    listInStage: [...extra.listInStage, ...base.listInStage],
    accumulate: [...extra.accumulate, ...base.accumulate],
  };
}
