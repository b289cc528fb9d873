import t from 'tap'
import { holdsUpNothing } from './fixtures/holds-up-nothing.js'

await holdsUpNothing(t, 'HTTP/2')
