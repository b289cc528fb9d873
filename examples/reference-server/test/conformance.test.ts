import t from 'tap'
import { startChildServer } from '../src/child-server.js'
import { conformance } from './fixtures/conformance.js'

const SUITES = [
  { suite: '@modelcontextprotocol/conformance', args: ['--suite', 'active'] },
  { suite: 'conformance-next', args: ['--requirements', '2025-11-25'] }
]

for (const { suite, args } of SUITES) {
  for (const mode of ['auto', 'sse']) {
    t.test(`every check of ${suite} ${args.join(' ')} passes (responses: ${mode})`, async t => {
      const server = await startChildServer({ HOLDFAST_RESPONSE_MODE: mode })
      t.teardown(async () => await server.stop())
      const { code, output, announced, scenarios } = await conformance(t, suite, server.url, ...args)
      const checks = Object.entries(scenarios).flatMap(([scenario, checks]) => checks.map(check => ({ scenario, ...check })))
      const passed = checks.filter(({ status }) => status === 'SUCCESS')
      t.comment(`${passed.length} checks passed in ${Object.keys(scenarios).length} of ${announced} scenarios`)

      // INFO is what the suite tells of its own steps; SKIPPED, WARNING and FAILURE are what a server did not do.
      const missed = checks.filter(({ status }) => status !== 'SUCCESS' && status !== 'INFO')
      t.strictSame(missed.map(({ scenario, id, status, errorMessage }) => ({ scenario, id, status, errorMessage })), [])
      t.equal(code, 0, output)
      t.ok(announced >= 30, 'the suite is the whole one')
      t.equal(new Set(passed.map(({ scenario }) => scenario)).size, announced, 'every scenario passed at least one check')
    })
  }
}
