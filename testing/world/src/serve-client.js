const DIALOGUE = {
  // What a library can, unless its program says that it cannot.
  progress: async () => ({}),
  hear: async () => ({}),
  tools: async client => ({ tools: (await client.tools()).length }),
  call: async client => await client.call('counter', {}),
  stream: async client => {
    const seen = []
    const result = await client.call('countdown', { steps: 3, intervalMs: 150 }, progress => seen.push(progress))
    return { ...result, seen }
  },
  question: async client => await client.call('ask', { question: 'Still there?' }),
  announce: async (client, { text }) => await client.call('announce', { text })
}

/**
 * Makes this process a client that its parent drives over the channel of `child_process`: `{ id, do, … }` comes in, and
 * `{ id, ok }`, `{ id, cannot }` or `{ id, error }` goes out, beside `{ heard }` for each log message of the server.
 * Not over stdout: libraries write there.
 *
 * @param {object} program
 * @param {Record<string, string>} [program.cannot] by what is asked: why the library cannot do it
 * @param {(url: string, user: { heard: (text: unknown) => void, answer: object }) => Promise<object>} program.connect
 *   resolves to `{ tools, call }`: `tools()` resolves to a list, `call(name, args, onProgress?)` to the structured
 *   content
 */
export function serveClient ({ connect, cannot = {} }) {
  let client
  const heard = text => process.send({ heard: String(text) })
  const answer = { action: 'accept', content: { answer: 'yes' } }
  process.on('message', reply)
  process.once('disconnect', () => process.exit())

  async function reply ({ id, do: wanted, ...args }) {
    if (cannot[wanted] !== undefined) return process.send({ id, cannot: cannot[wanted] })
    try {
      if (wanted === 'connect') client = await connect(args.url, { heard, answer })
      const ok = wanted === 'connect' ? {} : await DIALOGUE[wanted](client, args)
      process.send({ id, ok })
    } catch (error) {
      process.send({ id, error: String(error?.message ?? error) })
    }
  }
}

/** The structured content of the result of a call, or its text as JSON. */
export function contentOf ({ isError, structuredContent, content }) {
  if (isError === true) throw new Error(JSON.stringify(content))
  return structuredContent ?? JSON.parse(content[0].text)
}
