import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { twoProcesses } from './fixtures/harness.js'

t.jobs = 4
runContract((name, run) => t.test(name, { buffered: true }, run), twoProcesses)
