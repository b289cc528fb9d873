import type { Command } from 'commander'
import type { Codec } from '@holdfast/core'
import type { Keyring } from '@holdfast/envelope'
import type { Act } from './act.js'
import { type Place, placed, urlsOf } from './connection.js'
import { EXIT, explain } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import type { Io } from './io.js'
import { codecOf } from './key-source.js'
import { type Result, table } from './output.js'
import { examineRedis } from './redis-check.js'
import { examineSnapshot } from './snapshot-check.js'

export function doctor (program: Command, act: Act): void {
  placed(program.command('doctor'))
    .description('check keys, Redis and a snapshot; changes nothing')
    .option('--snapshot <file>', 'also check this snapshot, by reading all of it')
    .addHelpText('after', '\nThe exit code is 1 when a check has failed.\n\nExamples:\n  holdfast doctor\n' +
      '  holdfast doctor --snapshot sessions.holdfast --json')
    .action(act(examine))
}

async function examine (io: Io, { snapshot, ...place }: Place & { snapshot?: string }): Promise<Result> {
  const { finding, codec } = await examineKeys(io)
  const findings = [finding]
  if (urlsOf(io, place).urls !== undefined) findings.push(...await examineRedis(io, place, codec))
  else if (snapshot === undefined) {
    findings.push(warning('redis', 'not checked: neither REDIS_URL nor --redis is given'))
  }
  if (snapshot !== undefined) findings.push(await examineSnapshot(io, snapshot, codec, place.namespace))
  return {
    json: { findings },
    text: table(findings.map(({ check, state, message }) => [state, check, message])),
    exitCode: findings.some(({ state }) => state === 'failed') ? EXIT.failed : EXIT.done
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
