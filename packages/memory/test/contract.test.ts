import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { harness } from './fixtures/harness.js'

runContract((name, run) => t.test(name, run), harness)
