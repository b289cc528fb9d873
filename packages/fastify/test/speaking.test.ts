import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const fixture = fileURLToPath(new URL('../test/fixtures/speaking-process.js', import.meta.url))

for (const kind of ['v1', 'v2', 'everything']) {
  t.test(`${kind}: a server whose timer still sends after dormancy and after its session harms no process`, async t => {
    const child = spawn(process.execPath, [fixture, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => { child.kill('SIGKILL') })
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    t.equal(code, 0)
    // One warning for each server object that was let go, however often it spoke.
    t.match(JSON.parse(said), { statuses: [200, 200, 200, 404], warned: [1, 1] })
  })
}
