import { initialize } from './client.js'

/** About 1 KB once encoded: a handshake, a tenant's settings and a little data. */
export function typical (n: number, subject?: string) {
  return {
    principal: subject === undefined ? null : { issuer: 'https://login.example.com', subject },
    client: initialize.clientInfo,
    handshake: { initialize, protocolVersion: initialize.protocolVersion, initialized: true },
    context: { url: `https://tenant-${n}.example.com/api`, apiKey: n.toString(36).padStart(64, 'k') },
    data: { total: n, history: Array.from({ length: 8 }, (_, step) => `step ${step} of session ${n}`) }
  }
}
