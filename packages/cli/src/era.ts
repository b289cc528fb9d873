import type { Command } from 'commander'
import { type EraReport, RollCall, type Sessions, eraReport, printable } from '@holdfast/core'
import type { Act } from './act.js'
import { withSessions } from './connection.js'
import type { Io } from './io.js'
import { type Result, table } from './output.js'
import { type Place, placed } from './place.js'
import { time } from './shown.js'

export function era (program: Command, act: Act): void {
  placed(program.command('era'))
    .description('list clients by name and by revision of MCP, as the servers have counted since they began')
    .addHelpText('after', '\nSessions are those of revisions until 2025-11-25; modern is 2026-07-28 and later. The ' +
      'servers are asked and answer within\nhalf a second; nothing of it is stored.\n\nExamples:\n  holdfast era\n' +
      '  holdfast era --redis redis://localhost --json')
    .action(act(show))
}

/** Asks the servers that are there. */
export async function askEra (sessions: Sessions): Promise<EraReport> {
  const { vault: { availability, backend }, fleet } = sessions
  const present = await availability.ask(() => backend.presence.list())
  // Listening may write, which nobody would hear.
  if (present.length === 0) return eraReport({ replicas: new Map(), silent: [] })
  const rollCall = new RollCall(sessions)
  const stop = await fleet.listen(message => {
    if (message.type === 'present') rollCall.receive(message.from, message.call, message.report)
  })
  try {
    return eraReport(await rollCall.call({ counts: true }))
  } finally {
    await stop()
  }
}

async function show (io: Io, place: Place): Promise<Result> {
  return await withSessions(io, place, async sessions => {
    const { silent, ...report } = await askEra(sessions)
    const clients = report.clients.map(client => ({ ...client, name: printable(client.name) }))
    const rows = clients.map(({ name, era, version, requests, refused }) =>
      [era, version, name === '' ? '(no name)' : name, String(requests), String(refused)])
    const { replicas, since } = report
    const counted = replicas.length === 0
      ? 'no server is there'
      : `counted by ${replicas.length} of ${replicas.length + silent.length} servers since ${time(since)}`
    return {
      json: { ...report, clients, silent },
      text: `${table([['ERA', 'VERSION', 'CLIENT', 'REQUESTS', 'REFUSED'], ...rows])}\n${counted}`,
      ...silent.length > 0 && { trouble: `${silent.length} servers did not answer in time, or do not count clients.` }
    }
  })
}
