import t from 'tap'
import { call, open, post } from '@holdfast/clients/by-hand'
import { listening } from './fixtures/listening.js'

const TENANT = { authorization: 'Bearer token-a' }

async function scrape (url: URL, headers: Record<string, string> = {}): Promise<{ status: number, text: string }> {
  const response = await fetch(new URL('/metrics', url), { headers })
  return { status: response.status, text: await response.text() }
}

t.test('there are none unless they are asked for', async t => {
  t.equal((await scrape(await listening(t))).status, 404)
})

t.test('HOLDFAST_METRICS=1 shows them to whoever comes', async t => {
  const url = await listening(t, { HOLDFAST_METRICS: '1', HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a' })
  await post(url, call('counter'), await open(url, TENANT))
  const { status, text } = await scrape(url)
  t.equal(status, 200)
  t.match(text, /^holdfast_sessions_created_total\{path="\/mcp"\} 1$/m)
  t.match(text, /^holdfast_request_duration_seconds_count\{path="\/mcp",method="tools\/call",outcome="ok"\} 1$/m)
  t.notMatch(text.replace(/^#.*$/gm, ''), /tenant-a|token-a|counter/)
})

t.test('a token shows them to whoever has it, which no tenant has', async t => {
  const token = 'swordfish-of-the-scraper'
  const url = await listening(t, { HOLDFAST_METRICS: token, HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a' })
  for (const headers of [{}, TENANT, { authorization: `Bearer ${token}x` }]) {
    t.equal((await scrape(url, headers)).status, 401)
  }
  t.equal((await scrape(url, { authorization: `Bearer ${token}` })).status, 200)
  t.equal((await post(url, call('counter'), await open(url, TENANT))).status, 200)
})
