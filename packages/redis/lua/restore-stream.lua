-- Stores a stream as it was elsewhere, unless it is there already. Its oldest entries go where they are too many.
-- KEYS[1] record   KEYS[2] streams of the record   KEYS[3] entries of this stream
-- ARGV[1] write id   ARGV[2] name   ARGV[3] head   ARGV[4] '1' if it ended   ARGV[5] most entries   ARGV[6] most bytes
-- ARGV[7] grace in ms   ARGV[8] floor   ARGV[9] delivered   ARGV[10...] entries
-- Result: 1, or 0 when nothing was stored. A resent call gets the answer of the first.
local streams, list, id, name = KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return 0 end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end

if redis.call('HEXISTS', streams, 'l' .. name) == 1 then
  local recent = redis.call('HGET', streams, 'r' .. name)
  if not string.find(recent, id .. '=', 1, true) then return 0 end
  redis.call('HSET', streams, 'r' .. name, recent) -- a write, so that WAIT has something to wait for
  return 1
end

local first, bytes = #ARGV + 1, 0
while first > 10 and #ARGV - first + 1 < tonumber(ARGV[5]) do
  local size = #ARGV[first - 1] + 64
  if first <= #ARGV and bytes + size > tonumber(ARGV[6]) then break end
  bytes = bytes + size
  first = first - 1
end
for i = first, #ARGV do redis.call('RPUSH', list, ARGV[i]) end
local last = string.format('%.0f', ARGV[8] + #ARGV - 9)
local expiry = string.format('%.0f', deadline + ARGV[7])
redis.call('HSET', streams, 'h' .. name, ARGV[3], 'l' .. name, last, 'y' .. name, bytes, 'p' .. name, ARGV[9],
  'r' .. name, id .. '=' .. last .. ';', 's' .. name, redis.call('HINCRBY', streams, '#', 1))
if ARGV[4] == '1' then redis.call('HSET', streams, 'e' .. name, redis.call('HINCRBY', streams, '#', 1)) end
redis.call('PEXPIREAT', streams, expiry)
redis.call('PEXPIREAT', list, expiry)
return 1
