-- Adds records that are about to be created to the index of their shards. An entry whose record never comes is dropped
-- by the next sweep; a record without an entry would never be claimed.
-- KEYS[...] due or nobody: sorted sets of entries by the time they look due. Beside each is all: a sorted set of
-- entries in the order of their names
-- ARGV[1] grace in ms   ARGV[...] facts. Facts are lines: entry, idle, absolute, createdAt or '', usedAt or ''
-- Result: 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local SPARE = 3600000 -- the sets last an hour longer than they must, so that not every record extends them
local FACTS = '^' .. string.rep('([^\n]*)\n', 4) .. '(.*)$'
for i, due in ipairs(KEYS) do
  local entry, idle, absolute, created, used = string.match(ARGV[i + 1], FACTS)
  created, used = math.min(tonumber(created) or now, now), math.min(tonumber(used) or now, now)
  redis.call('ZADD', due, math.min(used + idle, created + absolute), entry)
  local all = string.match(due, '^.*:') .. 'all'
  redis.call('ZADD', all, 0, entry)
  local left = created + absolute + ARGV[1] - now
  for _, key in ipairs({ due, all }) do
    if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, string.format('%.0f', left + SPARE)) end
  end
end
return 1
