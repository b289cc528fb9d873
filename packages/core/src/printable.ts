/**
 * Control characters, line separators, lone surrogates, and what is invisible or turns text around: one line could
 * look like two, or like another.
 */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** What a log or a terminal may show of a text that somebody else chose. `longest` in UTF-16 units. */
export function printable (text: string, longest = 64): string {
  return text.slice(0, longest).replace(DECEPTIVE, '\ufffd')
}

/** The texts among what somebody else said, each {@link printable}. */
export function printableTexts<Part extends string> (
  parts: Readonly<Partial<Record<Part, unknown>>>, longest = 64
): Partial<Record<Part, string>> {
  const texts = Object.entries(parts).flatMap(([part, text]) =>
    typeof text === 'string' ? [[part, printable(text, longest)]] : [])
  return Object.fromEntries(texts) as Partial<Record<Part, string>>
}
