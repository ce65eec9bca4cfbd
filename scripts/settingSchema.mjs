// Writes the schema of `.layerscope/layers.json` into the setting `layerscope.rules` of package.json: a
// setting's schema must be whole in itself, so that it cannot refer to the file. Run it after a change
// of schemas/layers.schema.json; a test compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** What the setting validates: the schema's properties with every definition in its place. */
export function settingProperties() {
  const { properties, definitions } = JSON.parse(
    readFileSync('schemas/layers.schema.json', 'utf8'),
  );
  const whole = (value) => {
    if (Array.isArray(value)) {
      return value.map(whole);
    }
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    const { $ref: reference, ...rest } = value;
    const base = reference === undefined ? {} : definitions[reference.split('/').at(-1)];
    return Object.fromEntries(
      Object.entries({ ...base, ...rest }).map(([key, part]) => [key, whole(part)]),
    );
  };
  return whole(
    Object.fromEntries(Object.entries(properties).filter(([name]) => name !== '$schema')),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const setting = manifest.contributes.configuration.properties['layerscope.rules'];
  setting.properties = settingProperties();
  writeFileSync('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
}
