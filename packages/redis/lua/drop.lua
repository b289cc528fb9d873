-- Forgets the streams of a record.
-- KEYS[1] streams of the record
-- ARGV[1] id of this call
-- Result: lists that are left to sweep, if any
local streams, lists = KEYS[1], KEYS[1] .. ':'
local left = {}
redis.call('UNLINK', streams)
for _, id in ipairs(redis.call('SPOP', lists, 64)) do redis.call('UNLINK', lists .. id) end
if redis.call('EXISTS', lists) == 1 then
  left[1] = lists .. ':' .. ARGV[1]
  redis.call('RENAME', lists, left[1])
end
return left
