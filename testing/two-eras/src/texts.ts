/** A result of a tool, or as good as one. */
export interface TextResult {
  [key: string]: unknown
  content: Array<{ type: 'text', text: string }>
}

export function textResult (text: string): TextResult {
  return { content: [{ type: 'text', text }] }
}

/** A prompt of one message. */
export interface TextPrompt {
  [key: string]: unknown
  messages: Array<{ role: 'user', content: { type: 'text', text: string } }>
}

export function promptResult (text: string): TextPrompt {
  return { messages: [{ role: 'user', content: { type: 'text', text } }] }
}
