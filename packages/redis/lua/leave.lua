-- Takes entries out of the index of their shards.
-- KEYS[...] due. Beside each is all
-- ARGV[...] entries
-- Result: 1
for i, due in ipairs(KEYS) do
  redis.call('ZREM', due, ARGV[i])
  redis.call('ZREM', string.sub(due, 1, -4) .. 'all', ARGV[i])
end
return 1
