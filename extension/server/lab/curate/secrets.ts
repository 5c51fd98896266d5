/**
 * Finds keys and passwords. Most kinds are recognised by their issuer's prefix. A value without one must be assigned to
 * something named like a key, and have the entropy of a key. Texts are untrusted: every pattern has bounded length, or
 * a single long line would take hours.
 */

export interface Span {
  readonly start: number;
  readonly end: number;
  /** What stands in its place after redaction, in brackets: `[EMAIL]`. */
  readonly kind: string;
}

export function findSecrets(text: string): Span[] {
  // A fast test that rejects nearly every text.
  return hint.test(text) ? kinds.flatMap((kind) => matches(text, kind)) : [];
}

/** Bits per character of the text's own distribution. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) {
    counts.set(char, (counts.get(char) ?? 0) + 1);
  }
  let bits = 0;
  for (const count of counts.values()) {
    bits -= (count / text.length) * Math.log2(count / text.length);
  }
  return bits;
}

interface Kind {
  readonly kind: string;
  /** Global, with the group `secret` when only a part of the match is one. */
  readonly pattern: RegExp;
  readonly accept?: (secret: string) => boolean;
}

function matches(text: string, { kind, pattern, accept }: Kind): Span[] {
  const spans: Span[] = [];
  for (const match of text.matchAll(pattern)) {
    const secret = match.groups?.['secret'] ?? match[0];
    const start = match.index + match[0].lastIndexOf(secret);
    if (!/x{5,}|\*{4,}|\.{3}|<[^>]*>/iu.test(secret) && (accept === undefined || accept(secret))) {
      spans.push({ start, end: start + secret.length, kind });
    }
  }
  return spans;
}

/** Placeholders of documentation. Kinds with a distinctive prefix are still found in them. */
function isPlaceholder(secret: string): boolean {
  return /your[-_ ]|example|placeholder|changeme|dummy|1234567890/iu.test(secret);
}

/** How many of the classes lower case, upper case, digits and signs occur. */
function characterClasses(text: string): number {
  return [/\p{Ll}/u, /\p{Lu}/u, /\d/u, /[^\p{L}\d]/u].filter((kind) => kind.test(text)).length;
}

const hint =
  /A(?:KIA|SIA)[A-Z0-9]|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|hooks\.slack|[sr]k_(?:live|test)_|AIza|sk-|npm_|pypi-|hf_|SG\.|eyJ|-----BEGIN|:\/\/[^\s/]{0,60}:[^\s/]{0,100}@|(?:key|token|secret|passwd|password|pwd|passphrase|credential)s?["']?\s*(?:[:=]|=>|is )/iu;

const kinds: readonly Kind[] = [
  {
    kind: 'PRIVATE_KEY',
    pattern:
      /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----|$)/gu,
  },
  { kind: 'AWS_KEY', pattern: /\bA(?:KIA|SIA)[A-Z2-7]{16}\b/gu },
  { kind: 'GITHUB_TOKEN', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b/gu },
  { kind: 'GITLAB_TOKEN', pattern: /\bglpat-[\w-]{20,}/gu },
  {
    kind: 'SLACK_TOKEN',
    pattern: /\bxox[abeprs]-[A-Za-z0-9-]{20,}|https:\/\/hooks\.slack\.com\/services\/[A-Za-z0-9/]{20,}/gu,
  },
  { kind: 'STRIPE_KEY', pattern: /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}\b/gu },
  { kind: 'GOOGLE_KEY', pattern: /\bAIza[\w-]{35}/gu },
  { kind: 'ANTHROPIC_KEY', pattern: /\bsk-ant-[\w-]{24,}/gu },
  {
    kind: 'OPENAI_KEY',
    pattern: /\bsk-(?!ant-)(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,}/gu,
    accept: (secret) => /[\dA-Z]/u.test(secret) && entropy(secret) > 3.5,
  },
  { kind: 'NPM_TOKEN', pattern: /\bnpm_[A-Za-z0-9]{36}\b/gu },
  { kind: 'PYPI_TOKEN', pattern: /\bpypi-[\w-]{50,}/gu },
  { kind: 'HUGGINGFACE_TOKEN', pattern: /\bhf_[A-Za-z0-9]{30,}\b/gu },
  { kind: 'SENDGRID_KEY', pattern: /\bSG\.[\w-]{20,}\.[\w-]{40,}/gu },
  { kind: 'JWT', pattern: /\beyJ[\w-]{10,400}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}/gu },
  {
    kind: 'PASSWORD',
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'<>]{0,60}:(?<secret>[^\s:/@"'<>]{3,100})@[\w.-]+/giu,
    accept: (secret) => !/^(?:pass(?:word)?|pwd|secret|user|\$|\{|%)/iu.test(secret),
  },
  {
    kind: 'PASSWORD',
    pattern:
      /\b(?:password|passwd|pwd|passphrase)["']?\s*(?:\bis\s+|=>?\s*|:\s*)["']?(?<secret>[^\s"'<>,;()]{8,64})/giu,
    accept: (secret) => !isPlaceholder(secret) && characterClasses(secret.replace(/\.$/u, '')) >= 3,
  },
  {
    kind: 'SECRET',
    pattern:
      /(?:api[-_ ]?key|secret(?:[-_ ]?(?:access)?[-_ ]?key)?|access[-_ ]?key|auth[-_ ]?token|access[-_ ]?token|token|passwd|password|pwd|credentials?)["']?\s*(?::|=>?)\s*["']?(?<secret>[\w+/=.~-]{16,200})(?![\w(])/giu,
    accept: (secret) =>
      !isPlaceholder(secret) && /\d/u.test(secret) && /[A-Za-z]/u.test(secret) && entropy(secret) > 3.5,
  },
];
