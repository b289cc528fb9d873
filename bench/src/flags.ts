import { parseArgs } from 'node:util'

const options = {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '3' },
  warmup: { type: 'string', default: '20000' },
  sessions: { type: 'string', default: '100' },
  connections: { type: 'string', default: '20' },
  only: { type: 'string' },
  against: { type: 'string' },
  operations: { type: 'string', default: '10000' },
  records: { type: 'string', default: '1000000' },
  'cpu-prof': { type: 'string' },
  write: { type: 'boolean', default: false }
} as const

/** The command line; `bench/README.md` explains it. */
export function flags (args: string[]) {
  const { values } = parseArgs({ args, options })
  return {
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    warmup: positive('warmup', values.warmup),
    sessions: positive('sessions', values.sessions),
    connections: positive('connections', values.connections),
    operations: positive('operations', values.operations),
    records: positive('records', values.records),
    only: values.only?.split(','),
    against: values.against,
    profiles: values['cpu-prof'],
    write: values.write
  }
}

/** Those of the names that `--only` leaves: whole names or beginnings. */
export function selected<Name extends string> (names: readonly Name[], only: readonly string[] | undefined): Name[] {
  return names.filter((name) => only === undefined || only.some((start) => name.startsWith(start)))
}

function positive (name: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Error(`--${name}: expected a positive number, not ${text}`)
}
