import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { startChildServer } from '../dist/child-server.js'

testConformance(t, startChildServer, 'auto', 'conformance-next', '--requirements', '2025-11-25')
