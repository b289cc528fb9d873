import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { Fleet } from '../dist/fleet.js'
import { RedisStorage } from '../dist/storage.js'

const start = async (changes: object): Promise<Fleet> =>
  await Fleet.on(await RedisStorage.start(), { ...changes })
testConformance(t, start, 'sse', '@modelcontextprotocol/conformance', '--suite', 'active')
