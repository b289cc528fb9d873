import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type Socket, connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { call } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/envelope'
import { RedisServer, until } from '@holdfast/real-redis'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { established } from '../established.js'
import { Watch } from '../latency.js'
import { openSession } from '../open.js'
import type { Scenario } from '../scenario.js'
import { send } from '@holdfast/clients/send'

const TEXT = 'x'.repeat(256 * 1024)
/** More than the buffers of two sockets take in. */
const MOST = 40
const AT_A_TIME = 10
/** Milliseconds: twice the default of stallTimeout. */
const CUT_WAIT = 60_000
/** MiB that the process may grow by: half of what one announcement to each reader takes. */
const GROWTH = 256

export const stalledReaders: Scenario = {
  promise: 'readers that take nothing are cut, hold no memory, and do not slow the others down: ' +
    'p99 at most twice what it is when nobody reads',
  figures: '500 stalled readers of streams of up to 10 MiB each',
  deadline: 10,
  run: async trial => {
    const amount = trial.volume(500, 10)
    const redis = await RedisServer.start(['--maxmemory', '4gb', '--maxmemory-policy', 'noeviction'])
    trial.defer(async () => { await redis.stop() })
    const { url, process } = await startChildServer({
      HOLDFAST_BACKEND: 'redis', REDIS_URL: redis.url, HOLDFAST_KEYS: generateKey()
    })
    trial.defer(() => { process.kill('SIGKILL') })
    const sessions: Array<Record<string, string>> = []
    for (let n = 0; n < amount; n++) sessions.push(await openSession(url))

    const watch = await Watch.begin(url)
    // As much work for the server, and nobody who reads.
    await announce(url, sessions, () => false, 4)
    const { p99: before } = await watch.stop()
    trial.tell(`p99 ${before.toFixed(1)} ms while nobody reads`)

    const resident = await memory(process.pid)
    const readers: Socket[] = []
    trial.defer(() => { readers.forEach(socket => socket.destroy()) })
    for (const session of sessions) readers.push(await stalled(url, session))
    let [cut, most] = [new Set<number>(), 0]
    const look = async (): Promise<void> => {
      const connected = await established(Number(url.port))
      cut = new Set(readers.flatMap(({ localPort }, n) => connected.has(localPort as number) ? [] : [n]))
      most = Math.max(most, await memory(process.pid))
    }
    const looking = new AbortController()
    const looks = (async () => { while (!looking.signal.aborted) await look().then(async () => await pause(250)) })()
    const second = await Watch.begin(url)
    await announce(url, sessions, n => cut.has(n), MOST)
    const { p99: during } = await second.stop()
    looking.abort()
    await looks
    trial.tell(`p99 ${during.toFixed(1)} ms while ${amount} stall; ${cut.size} of them are cut`)
    const allCut = async (): Promise<boolean> => await look().then(() => cut.size === amount)
    await until('the stalled readers are cut', allCut, CUT_WAIT).catch(() => {
      assert.fail(`${amount - cut.size} of ${amount} stalled readers are still connected after ${CUT_WAIT / 1_000} s`)
    })
    const growth = Math.round(most - resident)
    assert.ok(growth < GROWTH, `the process grew by ${growth} MiB`)
    assert.ok(during <= 2 * before, `p99 ${during.toFixed(1)} ms, ${before.toFixed(1)} ms while nobody reads`)
    return `${amount} stalled readers, all cut; the process grew by ${growth} MiB; ` +
      `p99 of the others ${during.toFixed(1)} ms, ${before.toFixed(1)} ms while nobody reads`
  }
}

type Session = Record<string, string>

/** Has each session announce to itself, until it is done with or so many times. */
async function announce (
  url: URL, sessions: readonly Session[], done: (n: number) => boolean, most: number
): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    while (next < sessions.length) {
      const n = next++
      for (let times = 0; times < most && !done(n); times++) {
        const message = call('announce', { text: TEXT })
        const { status, text } = await send(url, { message, headers: sessions[n] as Session })
        assert.equal(status, 200, text)
      }
    }
  }))
}

/** A reader that reads the head of its stream and nothing more. */
async function stalled (url: URL, session: Record<string, string>): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname)
  const all = { host: url.host, accept: 'text/event-stream', ...session }
  const headers = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${url.pathname} HTTP/1.1\r\n${headers.join('')}\r\n`)
  await once(socket, 'data')
  return socket.pause()
}

/** MiB that a process has in memory. */
async function memory (pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}
