import t from 'tap'
import { testConformance } from './fixtures/conformance.js'

testConformance(t, 'conformance-next', '--requirements', '2025-11-25')
