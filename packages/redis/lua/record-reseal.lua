-- Stores the same content under another key: neither a use nor a new version.
-- KEYS[1] record
-- ARGV[1] version   ARGV[2] write id that the caller knows this version by, or ''   ARGV[3] body
-- Result: 1, or 0 when the record is gone or another version
local r = redis.pcall('HMGET', KEYS[1], 'v', 'w', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if r[1] ~= ARGV[1] or (ARGV[2] ~= '' and r[2] ~= ARGV[2]) then return 0 end
local used, idle, deadline = tonumber(r[3]), tonumber(r[4]), tonumber(r[5])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end
redis.call('HSET', KEYS[1], 'b', ARGV[3])
return 1
