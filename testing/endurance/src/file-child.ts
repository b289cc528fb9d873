// A process that has a file of sessions open, and does what the other side of its channel asks:
// node file-child.js <options as JSON>
import { sqlite } from '@holdfast/sqlite'
import type { Answer, Call } from './file-process.js'

const send = (answer: Answer): void => { if (process.connected) process.send?.(answer) }
const backend = sqlite({
  ...JSON.parse(process.argv[2] as string),
  onWarning: warning => { send({ warning: (warning as { code?: string }).code ?? warning.name }) }
})

async function run ({ path: [member = '', method], args }: Call): Promise<unknown> {
  const holder: any = method === undefined ? backend : backend[member as 'records']
  return await holder[method ?? member](...args)
}

process.on('message', (call: Call) => {
  run(call).then(
    result => { send({ id: call.id, result }) },
    ({ message, code, retryable }) => { send({ id: call.id, error: { message, code, retryable } }) }
  )
})
process.on('disconnect', () => { process.exit() })
send({ opened: true })
