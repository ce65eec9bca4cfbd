const MOST_CHARACTERS = 8192;

/**
 * The part of a trace's text that rules are tried on. Templated kernel names reach a few thousand
 * characters; a name of megabytes is no name, and would make a pattern run for minutes.
 */
export function testedText(text: string): string {
  return text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;
}
