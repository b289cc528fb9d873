import { VARIABLES as HOLDFAST, type Variables, duration, wholeNumber } from '@holdfast/env'
import { parseAdminToken } from './admin-token.js'
import { parseDemoTokens } from './demo-tokens.js'
import { parseMetricsAccess } from './metrics-guard.js'

/** The variables of this server, beside those that `fromEnv` reads by itself. */
export const OWN = {
  host: {
    name: 'HOST',
    parse: String,
    default: '127.0.0.1',
    about: 'address to listen on'
  },
  port: {
    name: 'PORT',
    parse: wholeNumber(0, 65_535),
    default: 3_000,
    about: 'port to listen on; `0` takes a free one'
  },
  requestTimeout: {
    name: 'HOLDFAST_REQUEST_TIMEOUT',
    parse: duration,
    default: 30_000,
    about: 'how long a request may take to arrive, head and body, or the client gets 408; its head may take a third ' +
      'of that. Large uploads over a slow line need more'
  },
  adminToken: {
    name: 'HOLDFAST_ADMIN_TOKEN',
    parse: parseAdminToken,
    absent: 'none: no admin routes',
    about: 'a bearer token, 16 characters or more, that opens the [admin routes](admin.md) under `/mcp-sessions`'
  },
  metrics: {
    name: 'HOLDFAST_METRICS',
    parse: parseMetricsAccess,
    absent: 'none: no metrics',
    about: '`1` shows the [metrics](metrics.md) under `/metrics` to every client; ' +
      'a token of 16 characters or more shows them to clients that present it'
  },
  demoTokens: {
    name: 'HOLDFAST_DEMO_TOKENS',
    parse: parseDemoTokens,
    absent: 'none: no authentication',
    about: '`tenant-a:<token>,tenant-b:<token>`: requests need one of these bearer tokens, ' +
      'and a session belongs to its tenant'
  }
} satisfies Variables

/** Every variable that there is. */
export const VARIABLES = [...Object.values<Variables[string]>(OWN), ...HOLDFAST]
