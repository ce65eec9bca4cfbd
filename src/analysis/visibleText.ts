/**
 * Names in a trace are whatever a program wrote there. Shown as they are, an escape sequence would
 * repaint a terminal and a right-to-left mark would reverse the rest of a line.
 */

/**
 * C0 and C1 controls; the soft hyphen; zero-width and directional marks, embeddings, overrides and
 * isolates (Unicode Bidi_Control and Default_Ignorable that have no width); line and paragraph
 * separators; the byte order mark; interlinear marks; tag characters; lone surrogates.
 */
const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Cs}]|[\u{e0000}-\u{e007f}]/gu;

/** Text with every character that cannot be seen, or that moves others, written as its escape: \x1b, \u202e. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, escaped);
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
