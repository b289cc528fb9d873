import t from 'tap'
import { testConformance } from './fixtures/conformance.js'

testConformance(t, '@modelcontextprotocol/conformance', '--suite', 'active')
