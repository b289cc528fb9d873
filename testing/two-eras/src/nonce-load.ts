import { randomBytes, randomInt } from 'node:crypto'
import { AskedCall, type Caller, type Told, callTool, textOf } from './modern-caller.js'

/** All callers count from 1 to this, over and over, so their ids meet all the time. */
const IDS = 50
/** One call in so many asks its client. */
const ASKING = 50
/** Progress notifications of a call, at most. */
const SAYS = 2

export interface LoadOptions {
  /** Where the next request goes. */
  place: () => URL
  callers: readonly Caller[]
  /** Of all callers together. */
  calls: number
  /** Calls that are under way at the same time, of each caller. */
  hands: number
  /** Milliseconds that a call takes, at most. */
  pause: number
  onCall?: (done: number) => void
}

/** What came of a load. */
export interface Tally {
  calls: number
  /** Of these, the ones that asked their client. */
  asked: number
  /** Progress notifications. */
  said: number
}

/**
 * Clients of revision 2026-07-28 call at the same time, with the same JSON-RPC ids and progress tokens. Whatever comes
 * back must carry the nonce of its own call.
 *
 * @throws Error something that belongs to somebody else came back, or a call failed
 */
export async function nonceLoad (options: LoadOptions): Promise<Tally> {
  const { place, callers, calls, hands, pause, onCall } = options
  const tally: Tally = { calls: 0, asked: 0, said: 0 }
  let begun = 0
  let failed: unknown
  await Promise.all(callers.flatMap(caller => {
    let count = 0
    return Array.from({ length: hands }, async () => {
      while (begun < calls && failed === undefined) {
        begun++
        const id = 1 + count++ % IDS
        try {
          if (randomInt(ASKING) === 0) {
            await asksItsClient(place, caller, id)
            tally.asked++
          } else {
            const said = await carriesItsNonce(place(), caller, id, pause)
            tally.said += said
          }
        } catch (error) {
          failed ??= error
          return
        }
        tally.calls++
        onCall?.(tally.calls)
      }
    })
  }))
  if (failed !== undefined) throw failed
  return tally
}

/** @returns how often the call said something before its answer */
export async function carriesItsNonce (url: URL, caller: Caller, id: number, pause: number): Promise<number> {
  const nonce = randomBytes(12).toString('hex')
  const says = randomInt(1 + SAYS)
  const told = await callTool(url, caller, 'nonce', { nonce, says, pause: randomInt(1 + pause) }, {
    id, meta: { progressToken: id }
  })
  const expected = JSON.stringify({ nonce, subject: caller.name, client: caller.name, era: 'modern' })
  belongs(told, id, expected)
  const progress = told.notifications
    .map(({ params }) => `${params.progressToken} ${params.message} ${params.progress}`).join()
  const own = Array.from({ length: says }, (_, n) => `${id} ${nonce} ${n + 1}`).join()
  if (progress !== own) throw new Error(`the progress of somebody else: ${progress}, not ${own}`)
  return says
}

async function asksItsClient (place: () => URL, caller: Caller, id: number): Promise<void> {
  const nonce = randomBytes(12).toString('hex')
  const asked = await AskedCall.begin(place(), caller, id)
  belongs(await asked.answer(place(), nonce, id), id, `Hello, ${nonce}!`)
}

function belongs (told: Told, id: number, expected: string): void {
  if (told.answer?.id === id && textOf(told) === expected) return
  throw new Error(`expected ${id}: ${expected}, and got ${told.status}: ${JSON.stringify(told.answer)}`)
}
