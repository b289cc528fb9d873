-- Deletes a record with its streams and leaves no tombstone: it lives on elsewhere, or has expired.
-- KEYS[1] record   KEYS[2] streams of the record
-- ARGV[1] write id of the creation   ARGV[2] version beyond which it stays   ARGV[3] what indexes of owners begin with   ARGV[4] digest
-- Result: 1 when that creation is there no more, by this call or an earlier one; 0 when its version is beyond
local r = redis.call('HMGET', KEYS[1], 'n', 'v', 'o')
if r[1] ~= ARGV[1] then return 1 end
local version = tonumber(r[2])
if not (version and r[3]) then return redis.error_reply('FOREIGN value') end
if version > tonumber(ARGV[2]) then return 0 end
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', KEYS[2] .. ':' .. string.sub(field, 2)) end
end
redis.call('DEL', KEYS[1], KEYS[2])
if r[3] ~= '' then redis.call('ZREM', ARGV[3] .. r[3], ARGV[4]) end
return 1
