import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { unsynced } from './fixtures/harness.js'

/** Here a process is alone with its file; other tests have a second connection. */
const NOT_HERE = 'life: a shared backend is tried with two connections'

t.jobs = 4
runContract((name, run) => name !== NOT_HERE && t.test(name, { buffered: true }, run), unsynced)
