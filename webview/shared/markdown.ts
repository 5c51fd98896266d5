/**
 * The model's Markdown as HTML. It is untrusted: raw HTML is shown as text, images become links, and the result is
 * sanitised again before it may enter the page.
 */
import createDOMPurify, { type Config } from 'dompurify';
import MarkdownIt from 'markdown-it';
import { highlight } from './highlight.ts';
import { t } from './l10n.ts';

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true });
/** Any other link is shown as the text it is. */
const allowedLink = /^(?:https?|mailto):/i;
markdown.validateLink = (url) => allowedLink.test(url);
const { escapeHtml } = markdown.utils;
const purify = createDOMPurify(window);

const policy: Config = {
  ALLOWED_TAGS:
    'a blockquote br button code del div em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul'.split(
      ' ',
    ),
  ALLOWED_ATTR: [
    'aria-disabled',
    'aria-label',
    'class',
    'data-action',
    'data-info',
    'data-language',
    'href',
    'role',
    'start',
    'title',
    'type',
  ],
  // Their values are no addresses.
  ADD_URI_SAFE_ATTR: [
    'aria-disabled',
    'aria-label',
    'data-action',
    'data-info',
    'data-language',
    'role',
    'start',
    'type',
  ],
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: allowedLink,
};

/** Link definitions such as `[1]: https://…`, by label. */
export type References = Record<string, { href: string; title: string }>;

/** Characters behind an opening fence that are kept: a language and the path of a file. */
const longestInfo = 500;

export function newReferences(from: References = {}): References {
  return Object.assign(Object.create(null) as References, from);
}

/**
 * Safe HTML of a whole text or of one block of it. Uses `references` for its links and adds its own definitions.
 * `restricted`: no file may be changed, so that Apply is disabled.
 */
export function renderMarkdown(text: string, references: References = newReferences(), restricted = false): string {
  return purify.sanitize(markdown.render(text, { references, restricted }), policy);
}

/**
 * Where the last top-level block of the text starts. More text can no longer change the blocks before it, so a stream
 * has to render only from here on.
 */
export function lastBlockStart(text: string): number {
  const tokens = markdown.parse(text, {});
  const last = tokens.findLast(({ level, map, nesting }) => level === 0 && map !== null && nesting >= 0);
  const line = last?.map?.[0] ?? 0;
  let offset = 0;
  for (let index = 0; index < line; index++) offset = text.indexOf('\n', offset) + 1;
  return offset;
}

markdown.renderer.rules['fence'] = (tokens, index, _options, env) => {
  const token = tokens[index];
  const info = (token?.info ?? '').trim().slice(0, longestInfo);
  const [language = ''] = info.split(/[\s:{]/);
  return codeBlock(token?.content ?? '', language, info, env?.['restricted'] === true);
};
markdown.renderer.rules['code_block'] = (tokens, index, _options, env) =>
  codeBlock(tokens[index]?.content ?? '', '', '', env?.['restricted'] === true);

/** The policy forbids the network, so an image is shown as a link. */
markdown.renderer.rules['image'] = (tokens, index) => {
  const token = tokens[index];
  const source = String(token?.attrGet('src') ?? '');
  return `<a href="${escapeHtml(source)}" title="${escapeHtml(source)}">${escapeHtml(token?.content || source)}</a>`;
};

// Alignment comes as a style attribute, which the page's policy forbids; a class does the same.
for (const rule of ['td_open', 'th_open'] as const) {
  markdown.renderer.rules[rule] = (tokens, index, options, _env, self) => {
    const token = tokens[index];
    const [, align] = /text-align:(\w+)/.exec(String(token?.attrGet('style') ?? '')) ?? [];
    if (token !== undefined) token.attrs = align === undefined ? null : [['class', `align-${align}`]];
    return self.renderToken(tokens, index, options);
  };
}

function codeBlock(code: string, language: string, info: string, restricted: boolean): string {
  const body = highlight(code, language.toLowerCase()) ?? escapeHtml(code);
  const name = escapeHtml(language);
  return `<div class="code-block" data-language="${name}" data-info="${escapeHtml(info)}"><div class="code-header"><span class="code-language">${
    name || escapeHtml(t('text'))
  }</span><span class="code-actions" role="group" aria-label="${escapeHtml(t('Code block'))}">${[
    codeButton('copy', 'copy', t('Copy')),
    codeButton('insert', 'insert', t('Insert at Cursor')),
    restricted
      ? codeButton('apply', applyIcon, t('Apply in Editor (not in Restricted Mode)'), true)
      : codeButton('apply', applyIcon, t('Apply in Editor')),
    codeButton('open', 'go-to-file', t('Open as File')),
  ].join('')}</span></div><pre><code class="hljs">${body}</code></pre></div>\n`;
}

const applyIcon = 'git-pull-request-go-to-changes';

/** A disabled button can still be reached, so that its reason is heard. */
function codeButton(action: string, icon: string, label: string, disabled = false): string {
  const name = escapeHtml(label);
  const state = disabled ? ' aria-disabled="true"' : '';
  return `<button type="button" class="icon-button" data-action="${action}" aria-label="${name}" title="${name}"${state}><span class="codicon codicon-${icon}"></span></button>`;
}
