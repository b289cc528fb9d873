import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import assert from 'node:assert/strict'
import { open } from '../../clients/dist/by-hand.js'
import { DrivenServer } from './driven-server.js'

/** By server of `servers/`: what is tried, and the call that is made. */
export const SERVERS = {
  everything: { trial: goesOn, call: { name: 'get-sum', arguments: { a: 2, b: 3 } }, says: /\b5\b/ },
  'brave-search': { trial: goesOn, call: { name: 'brave_web_search', arguments: { query: 'kelp' } }, says: /Kelp/ },
  airtable: { trial: goesOn, call: { name: 'list_bases', arguments: {} }, says: /Kelp/ },
  apify: { trial: goesOn, call: { name: 'get-actor-run-list', arguments: {} }, says: /kelp/ },
  supabase: { trial: goesOn, call: { name: 'list_organizations', arguments: {} }, says: /Kelp/ },
  searxng: { trial: goesOn, call: { name: 'searxng_web_search', arguments: { query: 'kelp' } }, says: /Kelp/ },
  playwright: { trial: livesWithItsSession },
  'module-level': { trial: isRefused }
}

/**
 * Tries one server; resolves to what was seen.
 *
 * @throws Error it did not go as it should
 */
export async function tryServer (name) {
  const { trial, ...options } = SERVERS[name]
  const server = await DrivenServer.start(name, trial === goesOn ? 1 : 4)
  const client = new Client({ name: 'world', version: '1.0.0' })
  try {
    return await trial({ server, client, ...options })
  } finally {
    await client.close()
    await server.stop()
  }
}

async function connect (client, server) {
  await client.connect(new StreamableHTTPClientTransport(server.url))
}

/** Lists and calls: the same while it is live, after dormancy, after a restart. */
async function goesOn ({ server, client, call, says }) {
  await connect(client, server)
  const look = async () => {
    const { tools } = await client.listTools()
    const { content, isError } = await client.callTool(call)
    assert.match(JSON.stringify(content), says)
    assert(isError !== true)
    return tools
  }
  const tools = await look()
  const { made } = server
  await open(server.url)
  assert.deepEqual(await look(), tools)
  assert.equal(server.made, made + 2, 'a second session, and the first one again')
  await server.restart()
  assert.deepEqual(await look(), tools)
  assert.equal(server.made, 1)
  return `${tools.length} tools and ${call.name}: the same after dormancy and after a restart`
}

/** It is not made again: not for others, and not after a restart, where its session is gone. */
async function livesWithItsSession ({ server, client }) {
  await connect(client, server)
  const { tools } = await client.listTools()
  const call = { name: 'browser_navigate', arguments: { url: 'data:text/html,kelp' } }
  const { content, isError } = await client.callTool(call)
  for (let others = 1; others <= 3; others++) await open(server.url)
  assert.equal(server.made, 4)
  assert.deepEqual((await client.listTools()).tools, tools)
  assert.equal(server.made, 4, 'it was not made again')
  await server.restart()
  await assert.rejects(client.listTools(), /Session not found/)
  assert(content[0].text.length > 0)
  const browser = isError === true ? 'a call that says that there is no browser' : 'a page'
  return `${tools.length} tools and ${browser}; live beside others; its session ends with the process`
}

/** The first session gets it; the second one is refused, and the log says why. */
async function isRefused ({ server, client }) {
  await connect(client, server)
  await client.callTool({ name: 'echo', arguments: {} })
  await assert.rejects(open(server.url), /no session was opened: 500/)
  assert.match(server.log, /createServer returned a server that it had returned before/)
  await client.callTool({ name: 'echo', arguments: {} })
  return 'the first session is served, the second one is refused; the log says why'
}
