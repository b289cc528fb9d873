import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { startChildServer } from '../src/child-server.js'

testConformance(t, startChildServer, 'conformance-next', '--requirements', '2025-11-25')
