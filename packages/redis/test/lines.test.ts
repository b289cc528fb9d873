import t from 'tap'
import type { Client } from '../dist/client.js'
import { Lines } from '../dist/lines.js'

class Stream {
  bytesRead = 0
  bytesWritten = 0
  writableLength = 0
  destroyed: string | undefined
  destroy (error: Error): void { this.destroyed = error.message }
}

class Node {
  stream: Stream | undefined = new Stream()
  commandQueue = queue('evalsha')
}

function queue (...names: string[]): { length: number, toArray: () => unknown[] } {
  return { length: names.length, toArray: () => names.map(name => ({ command: { name } })) }
}

function single (): { node: Node, stream: Stream, lines: Lines } {
  const node = Object.assign(new Node(), { isCluster: false })
  return { node, stream: node.stream as Stream, lines: new Lines(node as unknown as Client) }
}

t.test('who owes an answer and sends nothing lets others wait in vain', async (t) => {
  const { stream, lines } = single()
  t.equal(lines.look(25, 1), 'moving', 'nothing is known yet')
  t.equal(lines.look(25, 1), 'silent')
  stream.bytesRead += 1
  t.equal(lines.look(25, 1), 'moving', 'a sign of life')
  t.equal(lines.look(25, 1), 'silent')
})

t.test('what is being sent takes its time', async (t) => {
  const { stream, lines } = single()
  stream.writableLength = 8 * 1024 * 60
  t.strictSame(
    [lines.look(25, 1), lines.look(25, 1), lines.look(25, 1), lines.look(25, 1)],
    ['moving', 'moving', 'moving', 'silent'], 'as long as so much may take'
  )
  stream.writableLength -= 1
  t.strictSame([lines.look(25, 1), lines.look(25, 1)], ['moving', 'moving'])
  stream.writableLength = 0
  t.equal(lines.look(25, 1), 'silent')
})

t.test('what was sent is given the time to be stored, however much else is answered', async (t) => {
  const { stream, lines } = single()
  const look = (): string => lines.look(25, 1)
  look()
  stream.bytesWritten += 8 * 1024 * 100
  stream.bytesRead += 1
  t.strictSame([look(), look(), look(), look()], ['moving', 'moving', 'moving', 'silent'])
  stream.bytesWritten += 1000
  t.equal(look(), 'silent', 'a small command needs none')
})

t.test('without a connection, or without a question, one waits in vain', async (t) => {
  const { node, lines } = single()
  lines.look(25, 1)
  node.commandQueue = queue()
  t.equal(lines.look(25, 1), 'silent')
  t.equal(lines.owed, false)
  node.commandQueue = queue('evalsha')
  node.stream = undefined
  t.equal(lines.look(25, 1), 'silent')
  node.stream = new Stream()
  t.equal(lines.look(25, 1), 'moving', 'a new connection')
  t.equal(lines.owed, true)
})

t.test('a node of a Cluster that is silent is not excused by another that talks', async (t) => {
  const [silent, talking] = [new Node(), new Node()]
  const lines = new Lines({ isCluster: true, nodes: () => [silent, talking] } as unknown as Client)
  const look = (): string => {
    talking.stream!.bytesRead += 100
    return lines.look(25, 1)
  }
  t.strictSame([look(), look(), look()], ['moving', 'silent', 'silent'])
  lines.cut(75)
  t.equal(silent.stream?.destroyed, undefined)
  look()
  lines.cut(75)
  t.equal(silent.stream?.destroyed, 'Socket timeout')
  t.equal(talking.stream?.destroyed, undefined)
  silent.commandQueue = queue()
  t.equal(look(), 'moving')
})

t.test('a call that no node of a Cluster has is not excused by what others have', async (t) => {
  const talking = new Node()
  talking.commandQueue = queue('evalsha', 'wait', 'evalsha')
  const lines = new Lines({ isCluster: true, nodes: () => [talking] } as unknown as Client)
  const look = (calls: number): string => {
    talking.stream!.bytesRead += 100
    return lines.look(25, calls)
  }
  t.strictSame([look(2), look(2), look(3), look(2)], ['moving', 'moving', 'lost', 'moving'])
})
