-- Takes entries that look due, for a while: should the taker never come back, others find them again.
-- KEYS[1] due
-- ARGV[1] at most so many   ARGV[2] for so many ms
-- Result: entries
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, entry in ipairs(taken) do redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], entry) end
return taken
