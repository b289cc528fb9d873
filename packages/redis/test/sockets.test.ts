import t from 'tap'
import type { Client } from '../dist/client.js'
import { Sockets } from '../dist/sockets.js'

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

function single (): { node: Node, stream: Stream, sockets: Sockets } {
  const node = Object.assign(new Node(), { isCluster: false })
  return { node, stream: node.stream as Stream, sockets: new Sockets(node as unknown as Client) }
}

t.test('a node that owes an answer and sends nothing is silent', async (t) => {
  const { stream, sockets } = single()
  t.equal(sockets.look(25, 1), 'moving', 'nothing is known yet')
  t.equal(sockets.look(25, 1), 'silent')
  stream.bytesRead += 1
  t.equal(sockets.look(25, 1), 'moving', 'a sign of life')
  t.equal(sockets.look(25, 1), 'silent')
})

t.test('bytes that are being sent get the time that they need', async (t) => {
  const { stream, sockets } = single()
  stream.writableLength = 8 * 1024 * 60
  t.strictSame(
    [sockets.look(25, 1), sockets.look(25, 1), sockets.look(25, 1), sockets.look(25, 1)],
    ['moving', 'moving', 'moving', 'silent'], 'as long as so much may take'
  )
  stream.writableLength -= 1
  t.strictSame([sockets.look(25, 1), sockets.look(25, 1)], ['moving', 'moving'])
  stream.writableLength = 0
  t.equal(sockets.look(25, 1), 'silent')
})

t.test('bytes that were sent get the time to be stored, even if other calls are answered', async (t) => {
  const { stream, sockets } = single()
  const look = (): string => sockets.look(25, 1)
  look()
  stream.bytesWritten += 8 * 1024 * 100
  stream.bytesRead += 1
  t.strictSame([look(), look(), look(), look()], ['moving', 'moving', 'moving', 'silent'])
  stream.bytesWritten += 1000
  t.equal(look(), 'silent', 'a small command needs none')
})

t.test('without a connection, or without a pending command, the client is silent', async (t) => {
  const { node, sockets } = single()
  sockets.look(25, 1)
  node.commandQueue = queue()
  t.equal(sockets.look(25, 1), 'silent')
  t.equal(sockets.owed, false)
  node.commandQueue = queue('evalsha')
  node.stream = undefined
  t.equal(sockets.look(25, 1), 'silent')
  node.stream = new Stream()
  t.equal(sockets.look(25, 1), 'moving', 'a new connection')
  t.equal(sockets.owed, true)
})

t.test('a silent node of a Cluster counts as silent, even if another node sends bytes', async (t) => {
  const [silent, talking] = [new Node(), new Node()]
  const sockets = new Sockets({ isCluster: true, nodes: () => [silent, talking] } as unknown as Client)
  const look = (): string => {
    talking.stream!.bytesRead += 100
    return sockets.look(25, 1)
  }
  t.strictSame([look(), look(), look()], ['moving', 'silent', 'silent'])
  sockets.cut(75)
  t.equal(silent.stream?.destroyed, undefined)
  look()
  sockets.cut(75)
  t.equal(silent.stream?.destroyed, 'Socket timeout')
  t.equal(talking.stream?.destroyed, undefined)
  silent.commandQueue = queue()
  t.equal(look(), 'moving')
})

t.test('a call that no node of a Cluster has is lost, even if nodes have other calls', async (t) => {
  const talking = new Node()
  talking.commandQueue = queue('evalsha', 'wait', 'evalsha')
  const sockets = new Sockets({ isCluster: true, nodes: () => [talking] } as unknown as Client)
  const look = (calls: number): string => {
    talking.stream!.bytesRead += 100
    return sockets.look(25, calls)
  }
  t.strictSame([look(2), look(2), look(3), look(2)], ['moving', 'moving', 'lost', 'moving'])
})
