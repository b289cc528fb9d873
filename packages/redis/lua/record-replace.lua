-- Compare and set; counts as a use.
-- KEYS[1] record
-- ARGV[1] known version   ARGV[2] write id that the caller knows this version by, or ''
-- ARGV[3] id of this write   ARGV[4] body
-- Result: the new version, 'conflict' or 'gone'. A resent call gets the answer of the first: 'r' holds the latest
-- writes as `<write id>=<version>;`.
local r = redis.pcall('HMGET', KEYS[1], 'v', 'w', 'u', 'i', 'd', 'r')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return 'gone' end
local used, idle, deadline = tonumber(r[3]), tonumber(r[4]), tonumber(r[5])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local recent = r[6] or ''
local applied = string.match(recent, ARGV[3] .. '=(%d+);')
if applied then
  redis.call('HSET', KEYS[1], 'r', recent) -- a write, so that WAIT has something to wait for
  return tonumber(applied)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if math.min(used + idle, deadline) <= now then return 'gone' end
if r[1] ~= ARGV[1] or (ARGV[2] ~= '' and r[2] ~= ARGV[2]) then return 'conflict' end
local version = tonumber(r[1]) + 1
recent = recent .. ARGV[3] .. '=' .. version .. ';'
if #recent > 512 then recent = string.match(recent, ';(.*)$', #recent - 256) end
redis.call('HSET', KEYS[1], 'v', version, 'w', ARGV[3], 'r', recent,
  'u', string.format('%.0f', math.max(now, used)), 'b', ARGV[4])
return version
