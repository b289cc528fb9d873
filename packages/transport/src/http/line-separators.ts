/**
 * JSON without the two separators that some clients take for the end of a line, though neither server-sent events nor
 * JSON do. What is escaped means the same. They occur in strings only.
 */
export function lineSafe (json: string): string {
  return json.includes('\u2028') || json.includes('\u2029')
    ? json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    : json
}
