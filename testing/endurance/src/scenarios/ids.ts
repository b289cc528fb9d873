import assert from 'node:assert/strict'
import { mintSessionId } from '@holdfast/core'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { openSession } from '../open.js'
import type { Scenario } from '../scenario.js'
import { send } from '@holdfast/clients/send'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const LENGTH = 43
/** The last character carries four bits. */
const LAST = 16
/** Of a normal distribution: of the 44 statistics one exceeds it by chance in 40 million runs. */
const Z = 6

export const ids: Scenario = {
  promise: 'session ids are unique, of 43 characters of base64url, ' +
    'and no character or bit is more likely than another at any position',
  figures: '1,000,000 ids, 5,000 of them over HTTP',
  deadline: 10,
  run: async trial => {
    const [minted, issued] = [trial.volume(995_000, 50_000), trial.volume(5_000)]
    const all = new Set<string>()
    const counts = Array.from({ length: LENGTH }, () => new Map<string, number>())
    const add = (id: string): void => {
      assert.match(id, /^[\w-]{43}$/)
      all.add(id)
      for (let i = 0; i < LENGTH; i++) counts[i]?.set(id[i] as string, (counts[i]?.get(id[i] as string) ?? 0) + 1)
    }
    const server = await startChildServer({ HOLDFAST_BACKEND: 'memory' })
    trial.defer(async () => { await server.kill() })
    for (let i = 0; i < issued; i++) {
      const session = await openSession(server.url)
      add(session['mcp-session-id'] as string)
      await send(server.url, { method: 'DELETE', headers: session })
    }
    trial.tell(`${issued} ids over HTTP`)
    for (let i = 0; i < minted; i++) add(mintSessionId())
    const amount = minted + issued
    assert.equal(all.size, amount, 'no id comes twice')
    const scores = counts.map((at, position) => {
      const likely = position === LENGTH - 1 ? LAST : ALPHABET.length
      assert.equal(at.size, likely, `every character occurs at position ${position}`)
      return score([...at.values()], amount / likely)
    })
    scores.push(...[ones(all, amount)])
    const worst = Math.max(...scores)
    assert.ok(worst < Z, `no bias: z = ${worst.toFixed(1)}`)
    return `${amount} ids, all different; worst z of chi-square at ${LENGTH} positions and of bits that are set: ` +
      `${worst.toFixed(2)} (limit ${Z})`
  }
}

/** How far a chi-square statistic is from what chance gives, in standard deviations (Wilson and Hilferty). */
function score (observed: number[], expected: number): number {
  const degrees = observed.length - 1
  const statistic = observed.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  const spread = 2 / (9 * degrees)
  return Math.abs((Math.cbrt(statistic / degrees) - (1 - spread)) / Math.sqrt(spread))
}

/** The same for the number of bits that are set. */
function ones (all: Iterable<string>, amount: number): number {
  let set = 0
  for (const id of all) for (const byte of Buffer.from(id, 'base64url')) set += bits(byte)
  const tossed = amount * 256
  return Math.abs(set - tossed / 2) / Math.sqrt(tossed / 4)
}

function bits (byte: number): number {
  let n = byte
  let sum = 0
  for (; n > 0; n &= n - 1) sum++
  return sum
}
