-- Removes claimed records with their streams.
-- KEYS[2i - 1] record   KEYS[2i] streams of the record
-- ARGV[1] id of the claim   ARGV[2i] what indexes of owners begin with   ARGV[2i + 1] digest
-- Result, for each: 1 when it is removed, also by an earlier call; 0 when somebody else has claimed it meanwhile
local function settle (record, streams, owners, digest)
  local r = redis.call('HMGET', record, 'k', 'o')
  if not r[1] then return 1 end
  if r[1] ~= ARGV[1] then return 0 end
  for _, field in ipairs(redis.call('HKEYS', streams)) do
    if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', streams .. ':' .. string.sub(field, 2)) end
  end
  redis.call('DEL', record, streams)
  if r[2] ~= '' then redis.call('ZREM', owners .. r[2], digest) end
  return 1
end

local settled = {}
for i = 1, #KEYS / 2 do settled[i] = settle(KEYS[2 * i - 1], KEYS[2 * i], ARGV[2 * i], ARGV[2 * i + 1]) end
return settled
