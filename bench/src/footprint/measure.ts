import { answer } from '../child.js'
import { measures, type MeasureName } from './measures.js'

answer({ measure: async (name: MeasureName) => await measures[name]() })
