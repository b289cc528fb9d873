-- Extends a record and tells whether the caller knows it as it is.
-- KEYS[1] record
-- ARGV[1] known version   ARGV[2] write id that the caller knows this version by, or ''
-- Result: 1 when it does; otherwise [facts, body]; nil when it is gone. Facts are lines: version, write id, owner,
-- createdAt, usedAt, idle, deadline. The same version by another write: a failover lost what the caller has seen, and
-- history went on differently. What is stored gets a version that nobody has seen.
local r = redis.pcall('HMGET', KEYS[1], 'v', 'w', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return false end
local used, idle, deadline = tonumber(r[3]), tonumber(r[4]), tonumber(r[5])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if math.min(used + idle, deadline) <= now then return false end
local used_at = string.format('%.0f', math.max(now, used)) -- a clock that was set back makes nothing older
local written = redis.pcall('HSET', KEYS[1], 'u', used_at)
if type(written) == 'table' and written.err then
  if not string.find(written.err, 'OOM', 1, true) then return written end
  redis.call('HDEL', KEYS[1], 'k') -- after a write that needs no memory, a script may go on, and this takes none either
  redis.call('HSET', KEYS[1], 'u', used_at)
end
if r[1] == ARGV[1] then
  if ARGV[2] == '' or r[2] == ARGV[2] then return 1 end
  redis.call('HINCRBY', KEYS[1], 'v', 1)
end
local facts = redis.call('HMGET', KEYS[1], 'v', 'w', 'o', 'c', 'u', 'i', 'd')
local body = redis.call('HGET', KEYS[1], 'b')
if not (facts[2] and facts[3] and facts[4] and body) then return redis.error_reply('FOREIGN value') end
return { table.concat(facts, '\n'), body }
