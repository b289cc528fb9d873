import t from 'tap'
import { onPartition, runContract } from '@holdfast/core/contract'
import { twoConnections } from './fixtures/harness.js'

t.jobs = 4
runContract((name, run) => t.test(name, { buffered: true }, run), onPartition(twoConnections))
