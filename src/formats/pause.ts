/**
 * Lets the thread's other work run, so that a cancellation that was sent while a long synchronous
 * read was going on arrives before the next one.
 */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
