/** A result of a tool, or as good as one. */
export interface TextResult {
  [key: string]: unknown
  content: Array<{ type: 'text', text: string }>
}

export function textResult (text: string): TextResult {
  return { content: [{ type: 'text', text }] }
}

/** A message of a prompt. */
export function promptResult (text: string): { messages: Array<{ role: 'user', content: { type: 'text', text: string } }> } {
  return { messages: [{ role: 'user', content: { type: 'text', text } }] }
}
