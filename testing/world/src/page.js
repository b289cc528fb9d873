import { BEGINS_ANEW, CANNOT, FAILS, GOES_ON, HANGS } from './judge.js'
import { released } from './versions.js'

const CELL = { [GOES_ON]: '✓', [BEGINS_ANEW]: 'new session', [FAILS]: 'error', [HANGS]: 'silent' }

/** The columns of each table, and where what a client did is found. */
const TABLES = [
  {
    title: 'What a client does',
    about: 'A client that has no `✓` for `call` keeps no session from one call to the next.',
    columns: {
      connect: 'connect',
      tools: 'tools',
      call: 'call',
      'call that streams': 'streamed call',
      progress: 'progress',
      question: 'question',
      'message of its own': 'message'
    },
    outcome: (found, column) => found.plain[column]
  },
  {
    title: 'The next call after an event',
    about: 'The client was open all the time. `✓`: its next call was answered, and its session goes on with its data.',
    columns: {
      restart: 'restart',
      'outage of 3 s': 'outage of 3 s',
      'outage of 7 s': 'outage of 7 s',
      dormancy: 'dormancy',
      'kill -9 behind round robin': 'kill -9',
      'its session ended': 'session ended'
    },
    outcome: (found, column) => found[column].call
  },
  {
    title: 'Messages of the server after an event',
    about: '`✓`: after the event, a message that belongs to no call reached the client.',
    columns: {
      restart: 'restart',
      'outage of 3 s': 'outage of 3 s',
      'outage of 7 s': 'outage of 7 s',
      dormancy: 'dormancy',
      'kill -9 behind round robin': 'kill -9'
    },
    outcome: (found, column) => found[column].stream
  }
]

/**
 * The tables of `docs/clients.md`.
 *
 * @param {Record<string, object>} results by client: what {@link tryClient} found
 * @returns {Array<{ title: string, about: string, head: string[], rows: Record<string, string> }>} a row by client
 */
export function tables (results) {
  return TABLES.map(({ title, about, columns, outcome }) => ({
    title,
    about,
    head: ['client', ...Object.values(columns)],
    rows: Object.fromEntries(Object.entries(results).map(([client, found]) => {
      const cells = Object.keys(columns).map(column => cell(outcome(found, column)))
      return [client, `| ${[released(client), ...cells].join(' | ')} |`]
    }))
  }))
}

/** The page, as Markdown. */
export function page (results, { date, node }) {
  const parts = tables(results).map(({ title, about, head, rows }) => [
    `## ${title}`, '', about, '', `| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...Object.values(rows), ''
  ].join('\n'))
  return `# Clients

\`npm run test:world -- --write\` made this page on ${date}: it drove these released clients, on Node ${node}, against the
[reference server](../examples/reference-server/README.md). [testing/world](../testing/world/README.md) says how.

| sign | meaning |
|---|---|
| ✓ | It works. |
| – | The library offers no way to do it. The reasons are below. |
| new session | The client began a new session by itself. What the old session held is lost to it. |
| error | The call failed. The application must connect again. |
| silent | Nothing came within 45 s. |

${parts.join('\n')}
## What a library does not offer

${reasons(results).join('\n')}
`
}

function cell (outcome) {
  return outcome === undefined || outcome.is === CANNOT ? '–' : CELL[outcome.is]
}

function reasons (results) {
  return Object.entries(results).flatMap(([client, { plain }]) => {
    const why = Object.values(plain).filter(({ is }) => is === CANNOT).map(({ why }) => why)
    return why.length === 0 ? [] : [`- ${released(client)}: ${[...new Set(why)].join(' ')}`]
  })
}
