import { readdirSync, readlinkSync } from 'node:fs';

/** The processes of this machine that hold a file open, by number, as /proc tells. */
export function holdersOf(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((process) => links(`/proc/${process}/fd`).includes(path));
}

function links(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => linkOf(`${folder}/${name}`));
  } catch {
    return []; // the process ended, or is another user's
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed since it was listed
  }
}
