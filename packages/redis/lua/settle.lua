-- Removes a claimed record with its streams.
-- KEYS[1] record   KEYS[2] streams of the record   KEYS[3] index of its owner, where there is one
-- ARGV[1] id of the claim   ARGV[2] digest
-- Result: 1 when it is removed, also by an earlier call; 0 when somebody else has claimed it meanwhile
local id = redis.call('HGET', KEYS[1], 'k')
if id and id ~= ARGV[1] then return 0 end
if not id then return 1 end
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', KEYS[2] .. ':' .. string.sub(field, 2)) end
end
redis.call('DEL', KEYS[1], KEYS[2])
if KEYS[3] then redis.call('ZREM', KEYS[3], ARGV[2]) end
return 1
