import { readFile } from 'node:fs/promises'

const ESTABLISHED = '01'

/**
 * The ports from which peers are connected to a port of 127.0.0.1, as the kernel sees it from the server's side: a peer
 * that reads nothing does not hear that it was cut.
 */
export async function established (port: number): Promise<Set<number>> {
  const peers = new Set<number>()
  for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1)) {
    const [, local, remote, state] = line.trim().split(/\s+/)
    if (state === ESTABLISHED && portOf(local) === port) peers.add(portOf(remote))
  }
  return peers
}

function portOf (address = ''): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16)
}
