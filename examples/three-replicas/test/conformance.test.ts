import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { Fleet } from '../dist/fleet.js'

testConformance(t, Fleet.start, 'sse', '@modelcontextprotocol/conformance', '--suite', 'active')
