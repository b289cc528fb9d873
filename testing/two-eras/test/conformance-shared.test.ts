import t from 'tap'
import { testConformance, testModernConformance } from '@holdfast/clients/conformance'
import type { ChildServer } from '@holdfast/reference-server/child-server'
import { startServer } from '../dist/start-server.js'

testModernConformance(t, 'shared', async () => await startServer('shared'))

// The sessions beside it are those that there were before.
const start = async (environment: Record<string, string>): Promise<ChildServer> =>
  await startServer('shared', environment)
testConformance(t, start, 'auto', 'conformance-next', '--requirements', '2025-11-25')
testConformance(t, start, 'auto', '@modelcontextprotocol/conformance', '--suite', 'active')
