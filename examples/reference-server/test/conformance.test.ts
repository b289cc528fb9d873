import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { startChildServer } from '../dist/child-server.js'

const inMemory: typeof startChildServer = async environment =>
  await startChildServer({ HOLDFAST_BACKEND: 'memory', ...environment })

testConformance(t, inMemory, 'auto', '@modelcontextprotocol/conformance', '--suite', 'active')
