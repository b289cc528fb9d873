import t from 'tap'
import { testConformance, testModernConformance } from '@holdfast/clients/conformance'
import { startServer } from '../dist/start-server.js'

testModernConformance(t, 'shared', async () => await startServer('shared'))

// The sessions beside it are those that there were before.
testConformance(
  t, async environment => await startServer('shared', environment), 'auto', 'conformance-next', '--requirements', '2025-11-25'
)
testConformance(
  t, async environment => await startServer('shared', environment), 'auto', '@modelcontextprotocol/conformance',
  '--suite', 'active'
)
