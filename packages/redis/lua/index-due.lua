-- How many entries of some shards look due.
-- KEYS[...] due
-- Result, for each: a count
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {}
for i, key in ipairs(KEYS) do counts[i] = redis.call('ZCOUNT', key, '-inf', now) end
return counts
