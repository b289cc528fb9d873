-- Stores the same entries and head of a stream under another key.
-- KEYS[1] record   KEYS[2] streams of the record   KEYS[3] entries of this stream
-- ARGV[1] name   ARGV[2] head   ARGV[3] floor   ARGV[4...] entries
-- Result: 1, or 0 when the stream does not have exactly these positions
local streams, list, name = KEYS[2], KEYS[3], ARGV[1]
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return 0 end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end

local last = tonumber(redis.call('HGET', streams, 'l' .. name) or -1)
local amount = #ARGV - 3
if redis.call('LLEN', list) ~= amount or last - amount ~= tonumber(ARGV[3]) then return 0 end
local bytes = 0
for i = 1, amount do
  redis.call('LSET', list, i - 1, ARGV[3 + i])
  bytes = bytes + #ARGV[3 + i] + 64
end
redis.call('HSET', streams, 'h' .. name, ARGV[2], 'y' .. name, bytes)
return 1
