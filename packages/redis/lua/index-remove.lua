-- Removes entries from the index of their shards, and adds the tombstones of removed records to it.
-- KEYS[...] all: sorted sets of entries. Beside each are due and nobody, and stones: a sorted set of keys by the time
-- their tombstone ends
-- ARGV[1] most tombstones of a shard   ARGV[2i] entry   ARGV[2i + 1] when its tombstone ends, or ''
-- Result: keys whose tombstones are too many, those that would have ended first
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most, many = tonumber(ARGV[1]), {}
for i, all in ipairs(KEYS) do
  local shard, entry, till = string.match(all, '^.*:'), ARGV[2 * i], ARGV[2 * i + 1]
  redis.call('ZREM', all, entry)
  if redis.call('ZREM', shard .. 'due', entry) == 0 then redis.call('ZREM', shard .. 'nobody', entry) end
  if till ~= '' then
    local stones = shard .. 'stones'
    redis.call('ZADD', stones, till, string.match(entry, '^[^|]*'))
    if redis.call('PTTL', stones) < till - now then redis.call('PEXPIREAT', stones, till) end
    -- More than come, so that they become fewer, and no more than that at once.
    for _, ended in ipairs(redis.call('ZRANGEBYSCORE', stones, '-inf', now, 'LIMIT', 0, 4)) do
      redis.call('ZREM', stones, ended)
    end
    local excess = math.min(redis.call('ZCARD', stones) - most, 4)
    if excess > 0 then
      local first = redis.call('ZPOPMIN', stones, excess)
      for j = 1, #first, 2 do many[#many + 1] = first[j] end
    end
  end
end
return many
