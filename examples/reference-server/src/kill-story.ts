import assert from 'node:assert/strict'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { servedAgain } from './modern-story.js'
import { LATE, counted, takenOver } from './restart-story.js'
import { type Stage, type Step, actor, announce } from './stage.js'

/** What becomes of them when the process dies without a chance to do anything. */
export const KILL_STORY: Record<string, Step> = {
  'the server is killed': async stage => {
    const { total } = await actor(stage, 'anna').call('counter', { by: 9 })
    await stage.server.kill()
    assert.deepEqual({ total, signal: stage.server.process.signalCode }, { total: 60, signal: 'SIGKILL' })
    return `counter: 9 more for anna makes ${total}. At once after this answer came kill -9: ` +
      'the process could neither save nor say anything'
  },
  'nothing in the files can be read': async stage => {
    const files = await filesIn(stage.folder)
    assert(files.some(({ name }) => name.endsWith('-wal')), 'the last writes should be in a file beside the database')
    assert.deepEqual(files.filter(({ mode }) => mode !== 0o600).map(({ name }) => name), [])
    const text = files.map(({ content }) => content.toString('latin1')).join('\n')
    for (const secret of secrets(stage)) assert(!text.includes(secret), 'a secret is in a file')
    return `it left ${files.map(({ name }) => name).join(', ')}, mode 600: ` +
      'they hold no session id, token, API key or announcement to be read'
  },
  'yet another process takes over': async stage => await takenOver(stage),
  'every session survives the kill': async stage => {
    const totals = await counted(stage)
    assert.deepEqual(totals, ["anna's total 61", "ben's total 3", "cleo's total 3"])
    return `counter: nothing that was answered is lost, and one more for each: ${totals.join(', ')}`
  },
  'a client without a session goes on': servedAgain,
  'the stream survives the kill': async stage => {
    await announce(stage, 'Holding fast')
    assert.deepEqual(actor(stage, 'anna').heard, ['Tea is ready', LATE, 'Still here', 'Holding fast'])
    return 'announce: "Holding fast" arrived live on the same stream. The clients have noticed nothing'
  }
}

interface StoredFile {
  name: string
  mode: number
  content: Buffer
}

/** The regular files of a folder, without sockets, by their names. */
async function filesIn (folder: string): Promise<StoredFile[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter(entry => entry.isFile()).map(({ name }) => name).sort()
  return await Promise.all(names.map(async name => {
    const path = join(folder, name)
    return { name, mode: (await stat(path)).mode & 0o777, content: await readFile(path) }
  }))
}

function secrets ({ keys, tokens, apiKeys, cast }: Stage): string[] {
  const material = keys.split(',').map(entry => entry.slice(entry.indexOf(':') + 1))
  const ids = Array.from(cast.values(), ({ sessionId }) => sessionId)
  const said = Array.from(cast.values(), ({ heard }) => heard).flat()
  return [...said, ...material, ...Object.values(tokens), ...apiKeys.values(), ...ids]
}
