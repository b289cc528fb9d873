import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { Fleet } from '../src/fleet.js'

testConformance(t, Fleet.start, 'conformance-next', '--requirements', '2025-11-25')
