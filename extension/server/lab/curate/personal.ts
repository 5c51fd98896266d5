/**
 * Personal data with a form of its own: e-mail addresses, public IP addresses, telephone, card and account numbers.
 * Names and postal addresses have none and are not found.
 */
import type { Span } from './secrets.ts';

export function findPersonal(text: string): Span[] {
  const spans: Span[] = [];
  if (text.includes('@')) {
    // The password of an address such as https://user:password@host is a secret, and no mailbox.
    add(spans, text, 'EMAIL', emails, (_, at) => !/:\/\/\S*$/u.test(text.slice(Math.max(0, at - 100), at)));
  }
  if (/\d[\d .()/-]{5}|\d{4}/u.test(text)) {
    add(spans, text, 'IBAN', ibans, isIban);
    add(spans, text, 'CARD_NUMBER', cards, isCardNumber);
    add(spans, text, 'IP_ADDRESS', addresses, isPublicAddress);
    add(spans, text, 'PHONE', phones, isPhoneNumber);
  }
  return spans;
}

/** The check digit of ISO/IEC 7812, and a length and beginning that issuers use. */
export function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/gu, '');
  if (
    !/^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d)\d{12}|35\d{14})$/u.test(
      digits,
    )
  ) {
    return false;
  }
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const twice = index % 2 === 1 ? digit * 2 : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0 && new Set(digits).size > 1;
}

/** ISO 13616: letters count as 10..35, and the whole is 1 modulo 97. */
export function isIban(text: string): boolean {
  const compact = text.replaceAll(' ', '');
  if (compact.length < 15 || compact.length > 34) {
    return false;
  }
  let rest = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4)) {
    for (const digit of String(Number.parseInt(char, 36))) {
      rest = (rest * 10 + Number(digit)) % 97;
    }
  }
  return rest === 1;
}

/** Four numbers that are no private, local or multicast address. */
export function isPublicAddress(text: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  if ([a, b, c, d].some((part) => part > 255)) {
    return false;
  }
  const reserved =
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && c === 0) ||
    (a === 198 && (b === 18 || b === 19));
  // 1.2.3.4 is a version or a section far more often than a host.
  const small = Math.max(a, b, c, d) < 8 && !(a === b && b === c && c === d);
  return !reserved && !small;
}

function isPhoneNumber(text: string): boolean {
  const digits = text.replace(/\D/gu, '');
  return digits.length >= 10 && digits.length <= 15 && new Set(digits).size > 2;
}

function add(
  spans: Span[],
  text: string,
  kind: string,
  pattern: RegExp,
  accept: (found: string, at: number) => boolean,
): void {
  for (const match of text.matchAll(pattern)) {
    const [found] = match;
    const [start, end] = [match.index, match.index + found.length];
    // A number has one kind: the stricter patterns come first and win.
    if (accept(found, start) && !spans.some((span) => span.start < end && start < span.end)) {
      spans.push({ start, end, kind });
    }
  }
}

const emails = /(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,24}\b/gu;
const addresses = /(?<![\w.]|version |v)\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)/giu;
/** Thirteen to nineteen digits in groups of four or in one. */
const cards = /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)/gu;
const ibans = /(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)/gu;
/** International with a plus sign, North American in three groups, or national with its leading zero. */
const phones =
  /(?<![\w.+-])(?:\+[1-9]\d{0,2}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4}|\(?0\d{2,4}\)?[ /-]\d{3,4}[ -]?\d{3,4})(?![\w-]|\.\d)/gu;
