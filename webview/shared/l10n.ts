/** Texts of the view in the display language. The host sends the translations with the snapshot. */

let translations: Readonly<Record<string, string>> = {};

export function setTranslations(texts: Readonly<Record<string, string>>): void {
  translations = texts;
}

/** The translation of an English text, with `{0}`, `{1}`... replaced. */
export function t(message: string, ...values: readonly (string | number)[]): string {
  return (translations[message] ?? message).replaceAll(/\{(\d+)\}/g, (whole, index: string) => {
    const value = values[Number(index)];
    return value === undefined ? whole : String(value);
  });
}

/** A whole number with the separators of the page's language. */
export function formatNumber(value: number): string {
  return value.toLocaleString(document.documentElement.lang || undefined, { maximumFractionDigits: 0 });
}
