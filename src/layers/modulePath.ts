import type { RangeRule } from './rules.js';

/** One module of a path: a name with the number that follows it, as in "layers.17". */
export interface PathElement {
  /** "layers" */
  readonly word: string;
  /** 17; -1 where no number follows */
  readonly number: number;
  /** its class, where the path states it; else '' */
  readonly className: string;
  /** "layers.17", as the path has it */
  readonly text: string;
}

/** What a range says of the module whose work it encloses. */
export interface StatedModule {
  /** from the model down; false: below the module of the range around it */
  readonly absolute: boolean;
  /** at least one */
  readonly elements: readonly PathElement[];
}

/** Elements a path has at most: nobody nests deeper, a damaged file may. */
const LONGEST_PATH = 64;
const NUMBER = /^\d{1,5}$/;

/**
 * Splits "model.layers.17.self_attn". Also reads the hierarchy that TorchScript models of 2021 and 2022
 * write: "TOP(C)::forward.A0(A)::forward.SELF(A)::forward_impl_." names the class of each module and the
 * method called; SELF is the module before it once more (PyTorch's test_module_hierarchy).
 */
export function parseModulePath(path: string): PathElement[] {
  const elements: PathElement[] = [];
  // Dots inside brackets belong to a class.
  for (const [piece] of path.matchAll(/(?:[^.()]|\([^()]*\))+/g)) {
    const [, name, qualified = ''] = /^([^()]*)(?:\(([^()]*)\))?/.exec(piece) ?? [];
    const word = (name ?? '').replace(/::.*$/s, '').trim();
    if (word === '' || word === 'SELF') {
      continue;
    }
    const className = qualified.slice(qualified.lastIndexOf('.') + 1);
    const last = elements.at(-1);
    if (NUMBER.test(word) && last !== undefined && last.number < 0) {
      const text = `${last.text}.${word}`;
      elements[elements.length - 1] = { word: last.word, number: Number(word), className, text };
    } else if (elements.length < LONGEST_PATH) {
      elements.push({ word, number: -1, className, text: word });
    }
  }
  return elements;
}

/** Reads an annotation by the first rule that matches it; null where it names no module. */
export function statedModule(annotation: string, rules: readonly RangeRule[]): StatedModule | null {
  for (const rule of rules) {
    const groups = rule.match.exec(annotation)?.groups;
    if (groups === undefined) {
      continue;
    }
    const { path, index, word } = groups;
    if (path !== undefined) {
      const elements = parseModulePath(path);
      if (elements.length > 0) {
        return { absolute: true, elements };
      }
      continue;
    }
    const elements: PathElement[] = [];
    if (index !== undefined && NUMBER.test(index)) {
      const number = Number(index);
      elements.push({ word: 'layers', number, className: '', text: `layers.${number}` });
    }
    if (word !== undefined && word !== '') {
      elements.push(...parseModulePath(word));
    }
    if (elements.length > 0) {
      return { absolute: false, elements };
    }
  }
  return null;
}
