/**
 * Control characters, line separators, lone surrogates, invisible characters and those that change the direction of
 * text. With them, one line could look like two, or like a different line.
 */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** The part of an untrusted text that a log or a terminal may show. `longest` in UTF-16 units. */
export function printable (text: string, longest = 64): string {
  return text.slice(0, longest).replace(DECEPTIVE, '\ufffd')
}

/** The strings among untrusted values, each {@link printable}. */
export function printableTexts<Part extends string> (
  parts: Readonly<Partial<Record<Part, unknown>>>, longest = 64
): Partial<Record<Part, string>> {
  const texts = Object.entries(parts).flatMap(([part, text]) =>
    typeof text === 'string' ? [[part, printable(text, longest)]] : [])
  return Object.fromEntries(texts) as Partial<Record<Part, string>>
}
