const MOST_CHARACTERS = 120;

/**
 * A name out of a file or a file system, made safe to print in a sentence: control characters (with
 * them terminal escapes) and marks that reverse the direction of text become visible escapes, and a
 * long one is cut.
 */
export function printable(text: string, most = MOST_CHARACTERS): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
