-- Takes an entry out of the index of its shard.
-- KEYS[1] due   KEYS[2] all
-- ARGV[1] entry
-- Result: 1
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
