import t from 'tap'
import { testConformance, testModernConformance } from '@holdfast/clients/conformance'
import { startServer } from '../dist/start-server.js'

testModernConformance(t, 'bridge', async () => await startServer('bridge'))

// The sessions beside it are those that there were before.
testConformance(
  t, async environment => await startServer('bridge', environment), 'auto', 'conformance-next', '--requirements', '2025-11-25'
)
testConformance(
  t, async environment => await startServer('bridge', environment), 'auto', '@modelcontextprotocol/conformance',
  '--suite', 'active'
)
