import { randomBytes } from 'node:crypto'
import { Child } from '../child.js'
import { median } from '../statistics.js'
import { Connection } from '../throughput/connection.js'
import { initialize } from './client.js'
import type { Figure } from './figure.js'

const WARM = 2_000
const PAIRS = 20_000
/**
 * Ids of each kind, asked for in turn: one that is asked for again is answered faster than a fresh one, whatever it is.
 */
const IDS = 20
/** Pairs in which something else took its time are not compared: two in a hundred. */
const KEPT = 0.98

/**
 * Whether somebody can tell, by the time of the answer, the id of somebody else's session that is live from one that
 * nobody has. Each request that is timed follows one with an id that nobody has, so that what the server does after an
 * answer meets both alike.
 */
export async function foreign (): Promise<Figure[]> {
  const server = new Child(new URL('foreign-app.js', import.meta.url))
  const connection = await Connection.open(await server.ask<number>('start'))
  const live = Array.from({ length: IDS }, () => '')
  for (const n of live.keys()) live[n] = await open(connection)
  const unknown = live.map(randomId)
  const differences: number[] = []
  for (let pair = 0; pair < WARM + PAIRS; pair++) {
    const foreignFirst = Math.random() < 0.5
    const [theirs, nobodys] = [live[pair % IDS]!, unknown[pair % IDS]!]
    const one = await refused(connection, foreignFirst ? theirs : nobodys)
    const two = await refused(connection, foreignFirst ? nobodys : theirs)
    if (pair >= WARM) differences.push(foreignFirst ? one - two : two - one)
  }
  connection.close()
  await server.stop()
  const what = `foreign live id against unknown id, ${PAIRS.toLocaleString('en')} pairs`
  return [
    { what: `${what}: median of the differences`, value: median(differences), unit: 'µs' },
    { what: `${what}: z of the mean, without its sign`, value: Math.abs(meanScore(differences)), unit: '', target: 3 },
    { what: `${what}: z of the signs, without its sign`, value: Math.abs(signScore(differences)), unit: '', target: 3 }
  ]
}

async function open (connection: Connection): Promise<string> {
  const reply = await connection.exchange(request('owner', undefined, {
    jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize
  }))
  const id = /^mcp-session-id: (\S+)\r$/m.exec(reply)?.[1]
  if (id === undefined) throw new Error(reply)
  await connection.exchange(request('owner', id, { jsonrpc: '2.0', method: 'notifications/initialized' }))
  // Not a part of the reply, as none of the others is.
  return Buffer.from(id).toString()
}

/** µs until somebody else is told that there is no such session. */
async function refused (connection: Connection, id: string): Promise<number> {
  await miss(connection, randomId())
  return await miss(connection, id)
}

async function miss (connection: Connection, id: string): Promise<number> {
  const text = request('stranger', id, { jsonrpc: '2.0', id: 1, method: 'ping' })
  const start = performance.now()
  const reply = await connection.exchange(text)
  const took = performance.now() - start
  if (!reply.startsWith('HTTP/1.1 404 ')) throw new Error(reply)
  return took * 1_000
}

function request (user: string, id: string | undefined, message: object): string {
  const body = JSON.stringify(message)
  const session = id === undefined
    ? ''
    : `mcp-session-id: ${id}\r\nmcp-protocol-version: ${initialize.protocolVersion}\r\n`
  return `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nuser: ${user}\r\ncontent-type: application/json\r\n` +
    `accept: application/json, text/event-stream\r\n${session}content-length: ${body.length}\r\n\r\n${body}`
}

/** As long as one of ours, and made as one is. */
function randomId (): string {
  return randomBytes(32).toString('base64url')
}

/** How many standard errors the mean is away from none. */
function meanScore (differences: readonly number[]): number {
  const [most] = differences.map(Math.abs).toSorted((a, b) => a - b).slice(Math.floor(differences.length * KEPT))
  const kept = differences.filter(difference => Math.abs(difference) < most!)
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1)
  return mean / Math.sqrt(variance / kept.length)
}

/** The same of how often the foreign one took longer, from half of the pairs. */
function signScore (differences: readonly number[]): number {
  const decided = differences.filter(difference => difference !== 0)
  const longer = decided.filter(difference => difference > 0).length
  return (longer - decided.length / 2) / Math.sqrt(decided.length / 4)
}
