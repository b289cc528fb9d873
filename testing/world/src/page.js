import { BEGINS_ANEW, CANNOT, FAILS, GOES_ON, HANGS } from './judge.js'

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
    outcome: ({ plain }, column) => plain[column]
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
    outcome: (seen, column) => seen[column]?.call
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
    outcome: (seen, column) => seen[column]?.stream
  }
]

/** The page, as Markdown, of what {@link readResults} resolves to. */
export function page (results) {
  return `# Clients

\`npm run test:world -- --write\` makes this page: it drives released clients against the
[reference server](../examples/reference-server/README.md). [testing/world](../testing/world/README.md) says how.

| sign | meaning |
|---|---|
| ✓ | It works. |
| – | The library offers no way to do it. The reasons are below. |
| new session | The client began a new session by itself. What the old session held is lost to it. |
| error | The call failed. The application must connect again. |
| silent | Nothing came within 45 s. |
| ? | Not known: no run on an idle machine has tried it yet. |

${TABLES.map(table => section(table, results)).join('\n')}
## What a library does not offer

${Object.values(results).flatMap(reasons).join('\n')}

## When it was tried

${Object.values(results).map(tried).join('\n')}
`
}

function tried ({ title, date, node, noted }) {
  return `- ${title}: on ${date}, with Node ${node}${noted === undefined ? '' : `; noted ${noted}`}`
}

function section ({ title, about, columns, outcome }, results) {
  const rows = Object.values(results).map(found =>
    [found.title, ...Object.keys(columns).map(column => cell(outcome(found.seen, column)))])
  const head = ['client', ...Object.values(columns)]
  const lines = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`)
  return `## ${title}\n\n${about}\n\n${lines.join('\n')}\n`
}

function cell (outcome) {
  if (outcome === undefined) return '?'
  return outcome.is === CANNOT ? '–' : CELL[outcome.is]
}

function reasons ({ title, seen }) {
  const why = Object.values(seen.plain).filter(({ is }) => is === CANNOT).map(({ why }) => why)
  return why.length === 0 ? [] : [`- ${title}: ${[...new Set(why)].join(' ')}`]
}
