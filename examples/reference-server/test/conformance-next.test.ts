import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { startChildServer } from '../dist/child-server.js'

const inMemory: typeof startChildServer = async environment =>
  await startChildServer({ HOLDFAST_BACKEND: 'memory', ...environment })

testConformance(t, inMemory, 'auto', 'conformance-next', '--requirements', '2025-11-25')
