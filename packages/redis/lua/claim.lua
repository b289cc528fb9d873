-- Claims a record that was taken because it looked due. It stays stored until the claim is settled, so that an answer that gets
-- lost loses nothing.
-- KEYS[1] record
-- ARGV[1] id of this claim   ARGV[2] write id of the creation   ARGV[3] claimed for so many ms
-- Result: nil when the entry has no record; the time at which a living one is due; 0 when somebody else has claimed it;
-- [version, write id, owner, createdAt, usedAt, idle, deadline, body] when it is claimed. A resent call gets the answer of the first.
local r = redis.pcall('HMGET', KEYS[1], 'v', 'w', 'o', 'c', 'u', 'i', 'd', 'b', 'n', 'k', 'l')
if r.err then return redis.error_reply('FOREIGN value') end
if r[9] ~= ARGV[2] then return false end
local used, idle, deadline = tonumber(r[5]), tonumber(r[6]), tonumber(r[7])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = math.min(used + idle, deadline)
if due > now then return due end
if r[10] and r[10] ~= ARGV[1] and tonumber(r[11]) > now then return 0 end
redis.call('HSET', KEYS[1], 'k', ARGV[1], 'l', string.format('%.0f', now + ARGV[3]))
return { r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8] }
