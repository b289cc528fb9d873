import t from 'tap'
import { testConformance } from '@holdfast/clients/conformance'
import { startChildServer } from '../src/child-server.js'

testConformance(t, startChildServer, '@modelcontextprotocol/conformance', '--suite', 'active')
