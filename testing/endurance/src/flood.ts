// Floods a server with requests without credentials, from a process of its own:
// node flood.js <url> <per second> <seconds>
import { connect } from 'node:net'

const SOCKETS = 50
/** Milliseconds. */
const TICK = 2

const [target = '', rate, seconds] = process.argv.slice(2)
const url = new URL(target)
const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
const headers = [
  `Host: ${url.host}`, 'Accept: application/json, text/event-stream', 'Content-Type: application/json',
  `Content-Length: ${body.length}`
]
const text = `POST ${url.pathname} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`
const amount = Number(rate) * Number(seconds)
const statuses: Record<string, number> = {}
let answered = 0

const sockets = Array.from({ length: SOCKETS }, () => {
  let rest = ''
  return connect(Number(url.port), url.hostname).setEncoding('latin1').on('data', (chunk: string) => {
    rest += chunk
    for (const [, status = ''] of rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      statuses[status] = (statuses[status] ?? 0) + 1
      answered++
    }
    // As much as may be the beginning of another status line, and no whole one.
    rest = rest.slice(-12)
    if (answered === amount) done()
  })
})

const began = performance.now()
let sent = 0
// As many as are due by now: a server that is late gets no fewer.
const timer = setInterval(() => {
  const due = Math.min(amount, Math.floor((performance.now() - began) * Number(rate) / 1000))
  for (; sent < due; sent++) sockets[sent % SOCKETS]?.write(text)
  if (sent === amount) clearInterval(timer)
}, TICK)

function done (): void {
  process.send?.({ statuses, seconds: (performance.now() - began) / 1000 }, () => process.exit())
}
