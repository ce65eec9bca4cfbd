import { UNSEEN } from '../trace/index.js';

/**
 * Names in a trace are whatever a program wrote there. Shown as they are, an escape sequence would
 * repaint a terminal and a right-to-left mark would reverse the rest of a line.
 */

/** Text with every character that cannot be seen, or that moves others, written as its escape: \x1b, \u202e. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** The same for a field of a record (CSV), which is quoted where it has line feeds or tabs. */
export function visibleField(text: string): string {
  return text.replace(UNSEEN, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  );
}

/** A value as JSON in lines; see `printableJson`. */
export function visibleJson(value: unknown): string {
  return printableJson(JSON.stringify(value, null, 2));
}

/** JSON that means the same and can be printed: what cannot be seen in its texts is written by JSON's own escapes. */
export function printableJson(json: string): string {
  return json.replace(UNSEEN, (character) =>
    character === '\n'
      ? character
      : Array.from(
          { length: character.length },
          (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
        ).join(''),
  );
}

/** Text as markdown shows it: C++ names are full of what would be tags and emphasis. */
export function markdownText(text: string): string {
  return (
    visibleText(text)
      .replace(/[\\`*[\]|~]/g, '\\$&')
      // Inside a word an underscore is just one; at its edge it may open emphasis.
      .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
  );
}

function escaped(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
  }
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) {
    return `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * Text of at most `width` characters: what is too long loses its middle, because a kernel's name
 * tells itself apart at both ends ("void cutlass::…sm90_tn_align8>").
 *
 * @param width at least 3
 */
export function shortenMiddle(text: string, width: number): string {
  if (text.length <= width) {
    return text;
  }
  const characters = [...text];
  if (characters.length <= width) {
    return text;
  }
  const head = Math.ceil((width - 1) / 2);
  const tail = width - 1 - head;
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - tail).join('')}`;
}
