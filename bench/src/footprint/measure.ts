import { answer } from '../child.js'
import { type MeasureName, type Volume, measures } from './measures.js'

answer({
  measure: async ({ name, volume }: { name: MeasureName, volume: Volume }) => await measures[name](volume)
})
