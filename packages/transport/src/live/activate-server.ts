import { HoldfastError, type Session } from '@holdfast/core'
import type { DurableTransport } from '../calls/durable-transport.js'
import type { ServerState } from './server-state.js'

/**
 * Brings a connected server to the state of its session, with the messages that its client would send: first the
 * handshake, then everything that the client has set since.
 */
export async function activateServer (
  session: Session,
  transport: DurableTransport,
  state: ServerState
): Promise<void> {
  const { handshake } = session.state
  const answer = await transport.ask('initialize', handshake.initialize)
  if ('error' in answer) {
    throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'the server refused the handshake of its session')
  }
  if (handshake.initialized) transport.receive({ jsonrpc: '2.0', method: 'notifications/initialized' })
  await state.catchUp()
}
