// Licences of what is bundled: each asks that its notice travels with the copies.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The notices of every package that is not only for development.
 * @param {string} root the project's folder
 * @returns {string}
 * @throws {Error} where a package has no licence text
 */
export function thirdPartyNotices(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const shipped = Object.entries(packages).filter(
    ([path, entry]) => path !== '' && entry.dev !== true && !path.includes('/@types/'),
  );
  const notices = shipped.map(([path, entry]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return `${name} ${entry.version} (${entry.license})\n\n${licenceText(join(root, path), entry)}\n`;
  });
  return `Layerscope contains these packages.\n\n${notices.join(`\n${'-'.repeat(78)}\n\n`)}`;
}

function licenceText(folder, entry) {
  const file = existsSync(folder)
    ? readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
    : undefined;
  if (file !== undefined) {
    return readFileSync(join(folder, file), 'utf8').trim();
  }
  if (entry.license === undefined) {
    throw new Error(`${folder} has no licence text and names no licence.`);
  }
  return `The package names the licence ${entry.license} and has no text of its own.`;
}
