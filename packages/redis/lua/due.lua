-- How many entries of a shard look due.
-- KEYS[1] due
-- Result: a count
local time = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000))
