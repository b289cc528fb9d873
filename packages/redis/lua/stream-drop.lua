-- Forgets the streams of a record.
-- KEYS[1] streams of the record
-- ARGV[1] id of this call
-- Result: lists that are left to unlink
local streams = KEYS[1]
local left = streams .. '::' .. ARGV[1]
redis.call('UNLINK', streams)
for _, id in ipairs(redis.call('SPOP', streams .. ':', 16)) do redis.call('UNLINK', streams .. ':' .. id) end
if redis.call('EXISTS', streams .. ':') == 1 then redis.call('RENAME', streams .. ':', left) end
return redis.call('EXISTS', left) == 1 and { left } or {}
