import t from 'tap'
import { holdsUpNothing } from './fixtures/holds-up-nothing.js'

t.setTimeout(120_000)
await holdsUpNothing(t, 'HTTP')
