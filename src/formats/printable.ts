import { UNSEEN } from '../trace/index.js';

const MOST_CHARACTERS = 120;

/**
 * A name out of a file or a file system, made safe to print in a sentence: what cannot be seen (control
 * characters, with them terminal escapes) and marks that reverse the direction of text become visible
 * escapes, and a long one is cut.
 */
export function printable(text: string, most = MOST_CHARACTERS): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(UNSEEN, (characters) =>
    Array.from(
      { length: characters.length },
      (_, i) => `\\u${characters.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
