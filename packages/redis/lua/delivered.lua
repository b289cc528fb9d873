-- Remembers that a client was sent everything up to a position. It never moves backwards.
-- KEYS[1] streams of the record
-- ARGV[1] name   ARGV[2] position
-- Result: 1, or 0 when there is no such stream or a later position is known
local s = redis.call('HMGET', KEYS[1], 'l' .. ARGV[1], 'p' .. ARGV[1])
if not s[1] or tonumber(s[2] or 0) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'p' .. ARGV[1], ARGV[2])
return 1
