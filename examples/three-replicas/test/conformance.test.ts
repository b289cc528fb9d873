import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { Fleet } from '../dist/fleet.js'
import { STORAGES } from '../dist/storage.js'

for (const storage of Object.values(STORAGES)) {
  const start = async (changes: object): Promise<Fleet> => await Fleet.on(await storage.start(), { ...changes })
  testConformance(t, start, 'sse', '@modelcontextprotocol/conformance', '--suite', 'active')
}
