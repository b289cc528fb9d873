/**
 * Escapes the two line separators U+2028 and U+2029, because some clients take them for the end of a line, although
 * neither server-sent events nor JSON do. The JSON keeps its meaning: they occur only in strings.
 */
export function escapeLineSeparators (json: string): string {
  return json.includes('\u2028') || json.includes('\u2029')
    ? json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    : json
}
