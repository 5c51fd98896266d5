/** The map as a self-contained page: script and style are inline, and its policy allows nothing else. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mapName } from './curate.ts';

/** Writes `map.html` beside the map; `installFolder` holds the bundle that draws. Returns its path. */
export async function writeMapPage(folder: string, installFolder: string): Promise<string> {
  const [data, script, style] = await Promise.all([
    readFile(join(folder, mapName), 'utf8'),
    readFile(join(installFolder, 'dist', 'webview', 'map.js'), 'utf8'),
    readFile(join(installFolder, 'dist', 'webview', 'map.css'), 'utf8'),
  ]);
  const path = join(folder, 'map.html');
  await writeFile(path, mapPage(data, script, style));
  return path;
}

export function mapPage(data: string, script: string, style: string): string {
  // A script ends at the first such text, wherever it stands.
  const code = script.replaceAll('</script', '<\\/script');
  const policy = `default-src 'none'; script-src '${digest(code)}'; style-src '${digest(style)}'; base-uri 'none'; form-action 'none'`;
  // Texts of records may contain anything, including `</script>`.
  const safe = data.replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Map of the data</title>
<style>${style}</style>
</head>
<body>
<h1>Map of the data</h1>
<paddock-data-map></paddock-data-map>
<section id="list" hidden>
<p>Save these lines as a file and give it to <code>paddock curate --drop-ids</code>:</p>
<textarea id="ids" readonly aria-label="Ids of the chosen records"></textarea>
</section>
<script type="application/json" id="data">${safe}</script>
<script type="module">${code}</script>
</body>
</html>
`;
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
