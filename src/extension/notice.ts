import { shortenMiddle, visibleText } from '../analysis/visibleText.js';

/** Longest name or path from a trace that a message shows. */
const LONGEST = 300;

/**
 * Text from a trace as it may stand in a notification. VS Code turns `[text](command:…)` there into
 * links that run commands: the link syntax is broken up.
 */
export function noticeText(text: string): string {
  return visibleText(text).replace(/\]\(/g, '] (');
}

/** The same for a name or path, which may be of any length. */
export function noticeName(name: string): string {
  return shortenMiddle(noticeText(name), LONGEST);
}
