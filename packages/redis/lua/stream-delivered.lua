-- Remembers that a client was sent everything up to a position. It never moves backwards.
-- KEYS[1] streams of the record
-- ARGV[1] name   ARGV[2] position
-- Result: 1, or 0 when there is no such stream or a later position is known
local known = redis.call('HGET', KEYS[1], 'p' .. ARGV[1])
if tonumber(known or 0) >= tonumber(ARGV[2]) or redis.call('HEXISTS', KEYS[1], 's' .. ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'p' .. ARGV[1], ARGV[2])
return 1
