import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { Fleet } from '../dist/fleet.js'
import { FileStorage } from '../dist/storage.js'

const start = async (changes: object): Promise<Fleet> =>
  await Fleet.on(await FileStorage.start(), { ...changes })
testConformance(t, start, 'sse', 'conformance-next', '--requirements', '2025-11-25')
