/**
 * Self-contained pages: no script, no requests, readable in dark and light and by a screen reader. The page's own
 * policy forbids everything but its style sheet.
 */
import { createHash } from 'node:crypto';

/** Markup that may go into a page as it is. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly (Html | string | number)[];

/** Strings that are put in become text, `Html` stays. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    strings.map((text, index) => text + (index < parts.length ? toText(parts[index] ?? '') : '')).join(''),
  );
}

function toText(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map((item: Html | string | number) => toText(item)).join('');
  return `${part as string | number}`.replaceAll(/[&<>"']/gu, (char) => `&#${char.charCodeAt(0)};`);
}

export function page(title: string, body: Html): string {
  const digest = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  const head = markup`<meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${new Html(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>`;
  return `<!doctype html>\n<html lang="en">\n<head>\n${head.text}\n<style>${style}</style>\n</head>\n<body><main>\n${body.text}\n</main></body>\n</html>\n`;
}

export function table(caption: string, head: readonly string[], rows: readonly (readonly Part[])[]): Html {
  const cells = rows.map(
    (row) =>
      markup`<tr>
        ${row.map((cell, index) => (index === 0 ? markup`<th scope="row">${cell}</th>` : markup`<td>${cell}</td>`))}
      </tr> `,
  );
  return markup`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((cell) => markup`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${cells}
      </tbody>
    </table>
  </div>`;
}

/** A plot with its numbers below it. */
export function figure(plot: Html, caption: string, numbers: Html): Html {
  return markup`<figure>
    ${plot}
    <figcaption>${caption}</figcaption>
    <details>
      <summary>The numbers</summary>
      ${numbers}
    </details>
  </figure> `;
}

/** The first two colours are told apart by people who see red and green alike, and by their lightness. */
const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --page: #ffffff; --first: #0a5fa8; --second: #c9590a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #a3adb8; --line: #3d444d; --page: #14181d; --first: #6cb6ff; --second: #f0a04b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 0.5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
p { max-width: 46rem; }
p.soft, figcaption, caption { color: var(--soft); }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.25rem; }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--line); text-align: right; font-weight: normal; vertical-align: top; }
td { overflow-wrap: anywhere; }
th[scope="row"], th:first-child { text-align: left; }
thead th { color: var(--soft); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 0.25rem; }
table:has(.text) th { text-align: left; }
.text { white-space: pre-wrap; display: block; text-align: left; min-width: 16rem; }
figure { margin: 1.5rem 0; }
figcaption { font-size: 0.9rem; max-width: 46rem; }
details { margin-top: 0.25rem; font-size: 0.9rem; }
summary { cursor: pointer; }
svg { display: block; width: 100%; max-width: 45rem; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .soft { fill: var(--soft); }
svg .axis { stroke: var(--soft); fill: none; }
svg .grid { stroke: var(--line); fill: none; }
svg .first { fill: var(--first); stroke: var(--first); }
svg .second { fill: var(--second); stroke: var(--second); }
svg .equal { fill: var(--soft); }
svg .line { fill: none; stroke-width: 2; }
svg .line.second { stroke-dasharray: 6 3; }
svg .dot { fill-opacity: 0.45; stroke: none; }
svg text.first, svg text.second { stroke: none; }
@media print { details { display: block; } }
`;
