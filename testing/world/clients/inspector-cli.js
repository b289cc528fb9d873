import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { contentOf, serveClient } from '../src/serve-client.js'

const manifest = createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json')
const CLI = join(dirname(manifest), 'clients/launcher/build/index.js')

serveClient({
  cannot: {
    question: 'It answers no questions.',
    progress: 'It shows no progress.',
    hear: 'Each command is a session that ends with it.'
  },
  async connect (url) {
    const run = async (...args) => {
      const command = [CLI, '--cli', url, '--transport', 'http', ...args]
      const { stdout } = await promisify(execFile)(process.execPath, command)
      return JSON.parse(stdout)
    }
    const tools = async () => (await run('--method', 'tools/list')).tools
    await tools()
    return {
      tools,
      call: async (name, args) => contentOf(await run('--method', 'tools/call', '--tool-name', name,
        ...Object.entries(args).flatMap(([key, value]) => ['--tool-arg', `${key}=${value}`])))
    }
  }
})
