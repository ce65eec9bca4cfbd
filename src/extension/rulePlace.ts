/** A stretch of a text: from this character, this many. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
}

/**
 * Where in a file of rules the mistake is that a sentence tells: the rule's id, as far as the sentence
 * names one and the text holds it, else the file's first character.
 *
 * @param sentence as `withOwnRules` words it: "layers.json: names[3] (our-scan): 'type' must be …"
 */
export function placeOfMistake(text: string, sentence: string): Stretch {
  const rule = /: (\w+)(?:\[\d+\])? \((.+?)\): '/.exec(sentence);
  const key = /: '([\w$]+)' is unknown/.exec(sentence);
  if (rule !== null) {
    const list = Math.max(0, text.indexOf(JSON.stringify(rule[1])));
    const id = JSON.stringify(rule[2]);
    const start = text.indexOf(id, list);
    if (start >= 0) {
      return { start, length: id.length };
    }
  } else if (key !== null) {
    const quoted = JSON.stringify(key[1]);
    const start = text.indexOf(quoted);
    if (start >= 0) {
      return { start, length: quoted.length };
    }
  }
  return { start: 0, length: Math.min(1, text.length) };
}
