-- Deletes a record with its streams and leaves no tombstone: it lives on elsewhere, or has expired.
-- KEYS[1] record
-- ARGV[1] write id of the creation   ARGV[2] version beyond which it stays
-- Result: 1 when that creation is there no more, by this call or an earlier one; 0 when its version is beyond
local r = redis.call('HMGET', KEYS[1], 'n', 'v', 'o')
if r[1] ~= ARGV[1] then return 1 end
local version = tonumber(r[2])
if not (version and r[3]) then return redis.error_reply('FOREIGN value') end
if version > tonumber(ARGV[2]) then return 0 end
local home, digest = string.match(KEYS[1], '^(.*):r:(.*)$') -- what all keys of the owner's begin with
local streams = home .. ':e:' .. digest
for _, field in ipairs(redis.call('HKEYS', streams)) do
  if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', streams .. ':' .. string.sub(field, 2)) end
end
redis.call('DEL', KEYS[1], streams)
if r[3] ~= '' then redis.call('ZREM', home .. ':o:' .. r[3], digest) end
return 1
