/** What the tools ask, in words and forms. Both kinds of server ask the same. */

type Property = { type: 'string' } | { type: 'boolean' }

/** A question to the user: one property of a form. */
export interface Question {
  message: string
  requestedSchema: {
    type: 'object'
    properties: Record<string, Property>
    required: string[]
  }
}

function question (message: string, property: string, of: Property = { type: 'string' }): Question {
  return { message, requestedSchema: { type: 'object', properties: { [property]: of }, required: [property] } }
}

export const NAME = question('What is your name?', 'name')
export const STEP_1 = question('Step 1: What is your name?', 'name')
export const STEP_2 = question('Step 2: What is your favorite color?', 'color')
export const CONFIRM = question('Please confirm', 'ok', { type: 'boolean' })
export const CONTEXT = question('What context should the prompt use?', 'context')

/** A question to the model of the client. */
export interface ModelQuestion {
  messages: Array<{ role: 'user', content: { type: 'text', text: string } }>
  maxTokens: number
}

function toModel (text: string, maxTokens: number): ModelQuestion {
  return { messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens }
}

export const CAPITAL = toModel('What is the capital of France?', 100)
export const GREETING = toModel('Generate a greeting', 50)
