-- Removes claimed records with their streams.
-- KEYS[...] records
-- ARGV[1] id of the claim
-- Result, for each: 1 when it is removed, also by an earlier call; 0 when somebody else has claimed it meanwhile
local function settle (record)
  local r = redis.call('HMGET', record, 'k', 'o')
  if not r[1] then return 1 end
  if r[1] ~= ARGV[1] then return 0 end
  local home, digest = string.match(record, '^(.*):r:(.*)$') -- what all keys of the owner's begin with
  local streams = home .. ':e:' .. digest
  for _, field in ipairs(redis.call('HKEYS', streams)) do
    if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', streams .. ':' .. string.sub(field, 2)) end
  end
  redis.call('DEL', record, streams)
  if r[2] ~= '' then redis.call('ZREM', home .. ':o:' .. r[2], digest) end
  return 1
end

local settled = {}
for i, record in ipairs(KEYS) do settled[i] = settle(record) end
return settled
