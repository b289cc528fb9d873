import type { Json } from '@holdfast/core'
import type {
  CreateServer as CreateServerOf, McpSession as McpSessionOf
} from '@holdfast/transport'

/**
 * Types of the sessions of your application. Declare the members `data` and `context` to type `app.mcpSessions`,
 * `request.mcpSession` and the factory everywhere:
 * `declare module '@holdfast/fastify' { interface SessionTypes { data: Cart, context: Tenant } }`.
 */
export interface SessionTypes {}

/** JSON, or an interface that stands for JSON. A Date or a Buffer does not: it would come back as another value. */
export type ContextValue = Json | (object & { toJSON?: never })

/** The type of `session.data`: what {@link SessionTypes} declares, or any object. */
export type AppData = SessionTypes extends { data: infer Data extends object } ? Data : Record<string, any>
/** The type of `session.context`: what {@link SessionTypes} declares, or any JSON. */
export type AppContext = SessionTypes extends { context: infer Context } ? Context : ContextValue

/** A session as the factory and its handlers see it. */
export type McpSession<Data extends object = AppData, Context = AppContext> = McpSessionOf<Data, Context>
/** Makes the server of one session. It runs again each time that the session becomes live in a process. */
export type CreateServer<Data extends object = AppData, Context = AppContext> = CreateServerOf<Data, Context>
