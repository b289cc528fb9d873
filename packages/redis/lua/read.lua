-- The record, unless there is none or it has expired.
-- KEYS[1] record
-- Result: [version, write id, owner, createdAt, usedAt, idle, deadline, body] or nil
local r = redis.pcall('HMGET', KEYS[1], 'v', 'w', 'o', 'c', 'u', 'i', 'd', 'b')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return false end
local used, idle, deadline = tonumber(r[5]), tonumber(r[6]), tonumber(r[7])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return false end
return r
