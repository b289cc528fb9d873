import { readFileSync } from 'node:fs'
import type { ReplicaReport } from '@holdfast/core'

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
) as { version: string }

export const VERSIONS: ReplicaReport['versions'] = { holdfast: version, node: process.versions.node }
