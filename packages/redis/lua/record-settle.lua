-- Removes claimed records with their streams.
-- KEYS[...] records
-- ARGV[1] id of the claim
-- Result, for each: 1 when it is removed, also by an earlier call; 0 when somebody else has claimed it meanwhile. After
-- them, lists that are left to unlink.
local function settle (record)
  local r = redis.call('HMGET', record, 'k', 'o')
  if not r[1] then return 1 end
  if r[1] ~= ARGV[1] then return 0 end
  local home, digest = string.match(record, '^(.*):r:(.*)$') -- what all keys of the owner's begin with
  local streams = home .. ':e:' .. digest
  redis.call('DEL', record)
  redis.call('UNLINK', streams)
  for _, id in ipairs(redis.call('SPOP', streams .. ':', 16)) do redis.call('UNLINK', streams .. ':' .. id) end
  if redis.call('EXISTS', streams .. ':') == 1 then redis.call('RENAME', streams .. ':', streams .. '::' .. ARGV[1]) end
  if r[2] ~= '' then
    redis.call('ZREM', home .. ':o:' .. r[2], digest)
    redis.call('ZREM', home .. ':u:' .. r[2], digest)
  end
  return 1
end

local settled = {}
for i, record in ipairs(KEYS) do settled[i] = settle(record) end
for _, record in ipairs(KEYS) do
  local left = string.gsub(record, '^(.*):r:', '%1:e:') .. '::' .. ARGV[1]
  if redis.call('EXISTS', left) == 1 then settled[#settled + 1] = left end
end
return settled
