import { pluginOption } from './plugin-option.js'
import { hostNames, oneOf, origins } from './values.js'
import type { Variable } from './variable.js'

/** Requests and their replies: routes, who may come, how long each may take. */
export const HTTP_VARIABLES: readonly Variable[] = [
  pluginOption('HOLDFAST_PATH', 'path', 'the route of the MCP endpoint', 'a path such as /mcp'),
  {
    name: 'HOLDFAST_MODERN',
    option: 'modern',
    parse: oneOf(['refuse', 'auto']),
    absent: 'as the plugin: `refuse`',
    about: '`auto` serves clients of MCP 2026-07-28, which have no sessions, with the same servers; see ' +
      '[two eras](two-eras.md)'
  },
  pluginOption(
    'HOLDFAST_LEGACY', 'legacy',
    '`off` refuses clients of revisions until 2025-11-25: no session begins. Needs HOLDFAST_MODERN'
  ),
  pluginOption(
    'HOLDFAST_HEALTH', 'health',
    'adds two routes for probes, such as `/health/live` and `/health/ready` for `/health`',
    'a path such as /health'
  ),
  pluginOption(
    'HOLDFAST_METRICS_PATH', 'metrics.path', 'shows the [metrics](metrics.md) there, to every request',
    'a path such as /metrics'
  ),
  {
    name: 'HOLDFAST_ALLOWED_HOSTS',
    option: 'allowedHosts',
    parse: hostNames,
    absent: 'as the plugin: loopback names while it listens on loopback only, any otherwise',
    about: 'names that a request may have in `Host`, without port, with commas between them: the names that clients ' +
      'know the server by. Set it wherever the app does not listen on a loopback address'
  },
  {
    name: 'HOLDFAST_ALLOWED_ORIGINS',
    option: 'allowedOrigins',
    parse: origins,
    absent: 'as the plugin: that of the server itself',
    about: 'origins of web pages that may use the endpoint, such as `https://app.example.com`, ' +
      'with commas between them; `*` for any'
  },
  pluginOption('HOLDFAST_BODY_LIMIT', 'bodyLimit', 'bytes of one request body'),
  pluginOption(
    'HOLDFAST_BODY_TIMEOUT', 'bodyTimeout', 'how long the body of a request to one of our routes may take to arrive'
  ),
  pluginOption(
    'HOLDFAST_CALL_TIMEOUT', 'callTimeout',
    'how long a request of the client or of the server may take, before it is cancelled and answered with an error'
  ),
  pluginOption(
    'HOLDFAST_STALL_TIMEOUT', 'stallTimeout',
    'how long a reader of a reply may take nothing of what waits for it, before it is cut'
  ),
  pluginOption(
    'HOLDFAST_RESPONSE_MODE', 'responseMode',
    'how a call is answered: `json`, `sse`, or `auto`: JSON when it can be, SSE when it must be'
  ),
  pluginOption('HOLDFAST_STREAM_AFTER', 'streams.after', 'in mode `auto`, a call that takes longer becomes a stream'),
  pluginOption(
    'HOLDFAST_RETRY', 'streams.retry', 'how long clients wait before they reconnect the stream of a call'
  ),
  pluginOption(
    'HOLDFAST_STANDALONE_RETRY', 'streams.standaloneRetry',
    'how long clients wait before they reconnect the stream that belongs to no call: ' +
      'longer than an outage that they should survive, for many try twice only'
  ),
  pluginOption('HOLDFAST_KEEP_ALIVE', 'streams.keepAlive', 'interval of comments on streams that have nothing to send'),
  pluginOption(
    'HOLDFAST_MAX_BUFFERED', 'streams.maxBuffered',
    'characters that may wait for a slow reader of a stream, before it is cut'
  ),
  pluginOption(
    'HOLDFAST_DRAIN_DELAY', 'shutdown.delay',
    'a closing app goes on for so long as before, but says that it is not ready: time for balancers to notice'
  ),
  pluginOption(
    'HOLDFAST_DRAIN_TIMEOUT', 'shutdown.timeout', 'how long running calls may go on when the app closes'
  )
]
