-- Enters records that are about to be created into the index of their shards. An entry whose record never comes is dropped by
-- whoever claims it; a record without an entry would never be claimed.
-- KEYS[...] due: sorted sets of entries by the time they look due. Beside each is all: a sorted set of entries in the order of their names
-- ARGV[...] facts. Facts are lines: entry, idle, absolute, createdAt or '', usedAt or ''
-- Result: 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local FACTS = '^' .. string.rep('([^\n]*)\n', 4) .. '(.*)$'
for i, due in ipairs(KEYS) do
  local entry, idle, absolute, created, used = string.match(ARGV[i], FACTS)
  created, used = math.min(tonumber(created) or now, now), math.min(tonumber(used) or now, now)
  redis.call('ZADD', due, math.min(used + idle, created + absolute), entry)
  redis.call('ZADD', string.sub(due, 1, -4) .. 'all', 0, entry)
end
return 1
