import type { Session } from '@holdfast/core'
import { SERVER_ERROR } from '../http/json-rpc.js'
import { type Reply, emptyReply, errorReply, streamReply } from '../http/reply.js'
import type { OpenStreams } from './open-streams.js'
import { parseEventId } from './sse-event.js'

/**
 * The reply to a GET: opens the standalone stream, or resumes the stream that `Last-Event-ID` names.
 *
 * @param lastEventId the value of the header
 */
export async function openStream (
  streams: OpenStreams, session: Session, lastEventId: string | undefined, priming: boolean
): Promise<Reply> {
  if (lastEventId === undefined) return streamReply(await streams.standalone(session, priming))
  const place = parseEventId(lastEventId)
  const stream = place && await streams.resume(session, place.name, place.position, priming)
  if (stream === undefined) {
    return errorReply(400, null, SERVER_ERROR, 'Bad Request: Last-Event-ID names no stream of this session')
  }
  // A client that is told 204 does not come back for more (WHATWG HTML, server-sent events).
  return stream === 'over' ? emptyReply(204) : streamReply(stream)
}
