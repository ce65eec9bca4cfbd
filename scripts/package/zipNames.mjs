// The names in a zip file, from its central directory (APPNOTE.TXT 4.3.12 and 4.3.16).

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/**
 * @param {Buffer} zip
 * @returns {string[]}
 * @throws {Error} where the bytes are no zip file
 */
export function namesInZip(zip) {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== END_OF_DIRECTORY) {
    end--;
  }
  if (end < 0) {
    throw new Error('This is no zip file: it has no central directory.');
  }
  const count = zip.readUInt16LE(end + 10);
  const names = [];
  for (let at = zip.readUInt32LE(end + 16); names.length < count;) {
    if (zip.readUInt32LE(at) !== DIRECTORY_ENTRY) {
      throw new Error(`The central directory of this zip file is damaged at byte ${at}.`);
    }
    const nameLength = zip.readUInt16LE(at + 28);
    names.push(zip.toString('utf8', at + 46, at + 46 + nameLength));
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return names;
}
