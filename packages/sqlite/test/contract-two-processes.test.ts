import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { inTwoProcesses } from './fixtures/harness.js'
import { OtherProcess } from './fixtures/remote.js'

const other = new OtherProcess()
t.teardown(async () => { await other.end() })
t.jobs = 4
runContract((name, run) => t.test(name, { buffered: true }, run), inTwoProcesses(other))
