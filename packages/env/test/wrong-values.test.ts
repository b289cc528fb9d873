import t from 'tap'
import { thrownBy } from './fixtures/thrown-by.js'

const KEY = 'A'.repeat(42) + 'E='
const OTHER = 'B'.repeat(42) + 'E='

const WRONG: Array<[name: string, value: string, reason: RegExp]> = [
  ['HOLDFAST_NAMESPACE', 'x'.repeat(65), /at most 64 characters/],
  ['HOLDFAST_ANONYMOUS', 'yes', /expected one of true, false/],
  ['HOLDFAST_PATH', 'hush', /expected a path such as/],
  ['HOLDFAST_HEALTH', '/hush/', /expected a path such as/],
  ['HOLDFAST_METRICS_PATH', '/hush?', /expected a path such as/],
  ['HOLDFAST_CALL_TIMEOUT', '25d', /at most 24 days/],
  ['HOLDFAST_SNAPSHOT_EVERY', '25d', /at most 24 days/],
  ['HOLDFAST_MAX_SESSIONS', '0x10', /whole number/],
  ['HOLDFAST_MAX_SESSIONS', ' 5', /whole number/],
  ['HOLDFAST_THRESHOLD_ERROR_RATE', '0', /above 0 and at most 1/],
  ['HOLDFAST_THRESHOLD_ERROR_RATE', '5%', /above 0 and at most 1/],
  ['HOLDFAST_THRESHOLD_ERROR_RATE', '1.5', /above 0 and at most 1/],
  ['HOLDFAST_REDIS_PREFIX', 'hush hush', /without braces and white space/],
  ['HOLDFAST_REDIS_MASTER', ' ', /the name of a master/],
  ['HOLDFAST_REDIS_COMMAND_TIMEOUT', 'hush', /a positive number of milliseconds/],
  ['HOLDFAST_REDIS_COMMAND_TIMEOUT', '1s', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_FALLBACK', 'redis', /expected one of memory/],
  ['HOLDFAST_FALLBACK', 'memory', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_FALLBACK_PROBE', '1s', /does nothing without HOLDFAST_FALLBACK$/],
  ['HOLDFAST_COPY_URL', 'http://me:hush@there', /expected redis:/],
  ['HOLDFAST_COPY_URL', 'redis://me:hush@there', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_COPY_MASTER', 'main', /does nothing without HOLDFAST_COPY_URL$/],
  ['HOLDFAST_COPY_PREFIX', 'copy:', /does nothing without HOLDFAST_COPY_URL$/],
  ['HOLDFAST_MAX_EVENTS', '-1', /whole number from 1/],
  ['HOLDFAST_MEMORY_BYTES', 'all', /whole number from 1/],
  ['HOLDFAST_ALLOWED_HOSTS', 'mcp.example.com:443', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', 'https://mcp.example.com', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', 'one.example.com,,two.example.com', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', '*', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', '::1', /without scheme and port/],
  ['HOLDFAST_ALLOWED_HOSTS', '1.2.3.4.5', /without scheme and port/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'app.example.com', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'https://app.example.com/', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'https://app.example.com:443', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'https://hush@app.example.com', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'null', /expected origins such as/],
  ['HOLDFAST_ALLOWED_ORIGINS', 'data:hush', /expected origins such as/],
  ['HOLDFAST_EVICT', 'oldest', /expected one of idle, none/],
  ['HOLDFAST_RETRY', 'never', /a positive number of milliseconds/],
  ['HOLDFAST_STANDALONE_RETRY', '0', /a positive number of milliseconds/],
  ['HOLDFAST_CALL_TIMEOUT', 'none', /a positive number of milliseconds/],
  ['HOLDFAST_STALL_TIMEOUT', '-1', /a positive number of milliseconds/],
  ['HOLDFAST_BODY_TIMEOUT', '', /is empty/],
  ['HOLDFAST_MAX_CALLS', '0', /whole number from 1/],
  ['HOLDFAST_BACKEND', 'postgres', /expected one of memory, redis/],
  ['HOLDFAST_BACKEND', '__proto__', /expected one of memory/],
  ['HOLDFAST_IDLE', 'soon', /a positive number of milliseconds/],
  ['HOLDFAST_IDLE', '0', /a positive number of milliseconds/],
  ['HOLDFAST_ABSOLUTE', '-5m', /a positive number of milliseconds/],
  ['HOLDFAST_ABSOLUTE', '1.5h', /a positive number of milliseconds/],
  ['HOLDFAST_MAX_SESSIONS', '0', /whole number from 1/],
  ['HOLDFAST_MAX_PER_OWNER', '1e3', /whole number/],
  ['HOLDFAST_MAX_LIVE', '99999999999999999999', /whole number/],
  ['HOLDFAST_RESPONSE_MODE', 'SSE', /expected one of auto, json, sse/],
  ['HOLDFAST_STREAM_AFTER', ' 5s', /a positive number of milliseconds/],
  ['HOLDFAST_DRAIN_TIMEOUT', 'never', /a positive number of milliseconds/],
  ['HOLDFAST_KEYS', '', /is empty/],
  ['HOLDFAST_KEYS', 'hush', /keys\[0\]: expected id:key/],
  ['HOLDFAST_KEYS', 'k1:hush', /keys\[0\]\.key: expected 32 bytes/],
  ['HOLDFAST_KEYS', `k1:${KEY},k2:${KEY.slice(4)}`, /keys\[1\]\.key: expected 32 bytes/],
  ['HOLDFAST_KEYS', `k1:${KEY.toLowerCase()}!`, /keys\[0\]\.key: expected 32 bytes/],
  ['HOLDFAST_KEYS', `k1:${KEY},k1:${OTHER}`, /keys\[1\]\.id: is also the id of keys\[0\]/],
  ['HOLDFAST_KEYS', `k1:${KEY},k2:${KEY}`, /keys\[1\]\.key: is the same key as keys\[0\]/],
  ['HOLDFAST_KEYS', `k1:${KEY}:decrypt-only`, /keys: expected an active key/],
  ['HOLDFAST_ENCRYPTION', 'aes', /expected one of none/],
  ['HOLDFAST_SNAPSHOT', '', /is empty/],
  ['HOLDFAST_SNAPSHOT', './sessions', /needs HOLDFAST_KEYS; or say HOLDFAST_ENCRYPTION=none/],
  ['HOLDFAST_SNAPSHOT_EVERY', '30', /does nothing without HOLDFAST_SNAPSHOT/],
  ['HOLDFAST_SNAPSHOT_EVERY', 'often', /a positive number of milliseconds/],
  ['REDIS_URL', '', /is empty/],
  ['REDIS_URL', 'hush', /expected redis:/],
  ['REDIS_URL', 'https://me:hush@there', /expected redis:/],
  ['HOLDFAST_REDIS_PREFIX', 'hush', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_DURABILITY', 'hush', /expected one of warn, strict/],
  ['HOLDFAST_REDIS_MASTER', 'main', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_REDIS_REPLICATED', '1', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_REDIS_REPLICATED', 'all', /expected a whole number/],
  ['HOLDFAST_DURABILITY', 'strict', /does nothing without HOLDFAST_BACKEND=redis/],
  ['HOLDFAST_MAX_LIFE', '5', /is not a variable of this server/]
]

for (const [name, value, reason] of WRONG) {
  t.test(`${name}=${JSON.stringify(value)} is refused by name, without showing the value`, async t => {
    const { message } = thrownBy({ [name]: value })
    t.ok(message.startsWith(`${name}: `))
    t.match(message, reason)
    t.notMatch(message, /\n/)
    for (const secret of ['hush', KEY.slice(4), KEY.toLowerCase(), OTHER]) t.notOk(message.includes(secret))
  })
}
