-- Enters a record that is about to be created into the index of its shard. An entry whose record never comes is dropped by
-- whoever claims it; a record without an entry would never be claimed.
-- KEYS[1] due: sorted set of entries by the time they look due    KEYS[2] all: sorted set of entries in the order of their names
-- ARGV[1] entry   ARGV[2] idle   ARGV[3] absolute   ARGV[4] createdAt or ''   ARGV[5] usedAt or ''
-- Result: 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local created = math.min(tonumber(ARGV[4]) or now, now)
local used = math.min(tonumber(ARGV[5]) or now, now)
redis.call('ZADD', KEYS[1], math.min(used + ARGV[2], created + ARGV[3]), ARGV[1])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
