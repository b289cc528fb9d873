import { type Command, InvalidArgumentError } from 'commander'
import { milliseconds } from '@holdfast/core'
import type { Act } from './act.js'
import { confirm } from './confirm.js'
import { withSessions } from './connection.js'
import { UsageError } from './failure.js'
import { find } from './find.js'
import type { Io } from './io.js'
import { printList } from './listing.js'
import { type Result, table } from './output.js'
import { type Place, placed } from './place.js'
import { type Whose, owned, ownerOf } from './principal.js'
import { clientOf, shown, time, whose } from './shown.js'

interface Query extends Place, Whose { client?: string, idle?: string, limit?: number }
interface Yes { yes?: boolean }

const LABEL = '\nPut -- before a label that begins with -, as in: holdfast sessions show -- -hP2_xQa'

export function sessions (program: Command, act: Act): void {
  const group = program.command('sessions').description('list, show and end sessions')
  owned(placed(group.command('list')))
    .description(
      'list sessions, a line each: label, last use, expiry, client and owner; with --json, a line of JSON each'
    )
    .option('--client <name>', 'only sessions of clients with this name')
    .option('--idle <duration>', 'only sessions that were unused for longer, such as 15m or 24h')
    .option('--limit <count>', 'list at most this many sessions (default: all)', count)
    .addHelpText('after', '\nExamples:\n  holdfast sessions list --subject ada --issuer https://id.example\n' +
      '  holdfast sessions list --idle 12h --json')
    .action(act(list))
  placed(group.command('show <label>'))
    .description('show one session, by its label or key; never its id, context or data')
    .addHelpText('after', `${LABEL}\n\nExample:\n  holdfast sessions show 8hP2_xQa`)
    .action(act(show))
  placed(group.command('terminate <label>'))
    .description('end one session, by its label or key, on every replica')
    .option('--yes', 'do not ask')
    .addHelpText('after', `${LABEL}\n\nExample:\n  holdfast sessions terminate 8hP2_xQa --yes`)
    .action(act(terminate))
  owned(placed(group.command('revoke')))
    .description('end all sessions of a principal, on every replica')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nGive all parts of the principal, as sessions list --json shows them.\n\nExample:\n' +
      '  holdfast sessions revoke --subject ada --issuer https://id.example --yes')
    .action(act(revoke))
}

async function list (io: Io, query: Query): Promise<undefined> {
  const owner = ownerOf(query)
  const idle = query.idle === undefined ? 0 : milliseconds(query.idle, '--idle')
  const { client, limit = Infinity, json = false } = query
  await withSessions(io, query, async sessions => {
    const chosen = { ...owner && { owner }, ...client !== undefined && { client }, idle, limit }
    await printList(io, sessions, chosen, json)
  })
}

async function show (io: Io, name: string, place: Place): Promise<Result> {
  return await withSessions(io, place, async sessions => {
    const json = shown(await find(io, sessions, name))
    const { createdAt, usedAt, expiresAt } = json
    const words = {
      ...json,
      principal: whose(json),
      client: clientOf(json),
      createdAt: time(createdAt),
      usedAt: time(usedAt),
      expiresAt: time(expiresAt)
    }
    return { json, text: table(Object.entries(words).map(([name, value]) => [name, String(value)])) }
  })
}

async function terminate (io: Io, name: string, { yes, ...place }: Place & Yes): Promise<Result> {
  return await withSessions(io, place, async sessions => {
    const session = await find(io, sessions, name)
    await confirm(io, `End session ${session.label} of ${whose(shown(session))}?`, yes)
    const terminated = await sessions.terminate(session)
    return {
      json: { terminated: Number(terminated) },
      text: terminated ? 'terminated 1' : 'terminated 0: the session had already ended'
    }
  })
}

async function revoke (io: Io, { yes, ...query }: Place & Whose & Yes): Promise<Result> {
  const owner = ownerOf(query)
  if (owner === undefined) throw new UsageError('No principal is given. Use --subject or --owner.')
  return await withSessions(io, query, async sessions => {
    const amount = await sessions.count(owner)
    if (amount > 0) await confirm(io, `End all sessions of this principal (${amount})?`, yes)
    const terminated = await sessions.terminateAll(owner)
    return { json: { terminated }, text: `terminated ${terminated}` }
  })
}

function count (text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of at least 1.')
  return Number(text)
}
