import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { startChildServer } from '../dist/child-server.js'

testConformance(t, startChildServer, 'auto', '@modelcontextprotocol/conformance', '--suite', 'active')
