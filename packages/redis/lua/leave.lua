-- Takes entries out of the index of their shard.
-- KEYS[1] due   KEYS[2] all
-- ARGV[...] entries
-- Result: 1
for _, entry in ipairs(ARGV) do
  redis.call('ZREM', KEYS[1], entry)
  redis.call('ZREM', KEYS[2], entry)
end
return 1
