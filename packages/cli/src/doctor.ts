import { type Command, InvalidArgumentError } from 'commander'
import type { Codec } from '@holdfast/core'
import type { Keyring } from '@holdfast/envelope'
import type { Act } from './act.js'
import { openRedis } from './connection.js'
import { EXIT, explain } from './failure.js'
import { type Thoroughness, examineSqlite } from './file-check.js'
import { type Finding, failed, isFailed, ok, warning } from './finding.js'
import type { Io } from './io.js'
import { codecOf } from './key-source.js'
import { type Result, table } from './output.js'
import { type Place, addressOf, placed } from './place.js'
import { examineRedis } from './redis-check.js'
import { examineSnapshot } from './snapshot-check.js'

export function doctor (program: Command, act: Act): void {
  placed(program.command('doctor'))
    .description('check keys, the file or Redis, and a snapshot; changes no session')
    .option('--snapshot <file>', 'also check this snapshot, by reading all of it')
    .option('--quick', 'read only the structure of a file, not all of it')
    .option('--max-bytes <count>', 'the maxBytes of the servers (default: 4 GiB)', count)
    .addHelpText('after', '\nThe exit code is 1 when a check has failed.\n\nExamples:\n  holdfast doctor\n' +
      '  holdfast doctor --sqlite data/sessions.db\n  holdfast doctor --snapshot sessions.holdfast --json')
    .action(act(examine))
}

interface Settings extends Place, Thoroughness { snapshot?: string }

async function examine (io: Io, { snapshot, ...place }: Settings): Promise<Result> {
  const address = addressOf(io, place)
  const { finding, codec } = await examineKeys(io)
  const findings = [finding]
  if (address !== undefined) {
    findings.push(...'file' in address
      ? await examineSqlite(io, address.file, place.namespace, codec, place)
      : await examineRedis(openRedis(io, address), place.namespace, codec))
  } else if (snapshot === undefined) {
    findings.push(warning('backend', 'not checked: none of --sqlite, --redis, HOLDFAST_SQLITE and REDIS_URL is given'))
  }
  if (snapshot !== undefined) findings.push(await examineSnapshot(io, snapshot, codec, place.namespace))
  return {
    json: { findings },
    text: table(findings.map(({ check, state, message }) => [state, check, message])),
    exitCode: isFailed(findings) ? EXIT.failed : EXIT.done
  }
}

async function examineKeys (io: Io): Promise<{ finding: Finding, codec?: Codec }> {
  try {
    const { codec, keyring } = await codecOf(io)
    return { finding: ok('keys', ring(keyring)), codec }
  } catch (error) {
    return { finding: failed('keys', explain(error).line) }
  }
}

function ring ({ active, ids }: Keyring): string {
  const others = ids.filter(({ id }) => id !== active).map(({ id, state }) => `, ${id} ${state}`)
  return `${active} seals${others.join('')}`
}

function count (text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of bytes.')
  return Number(text)
}
