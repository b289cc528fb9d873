-- Deletes a record with its streams and leaves no tombstone: it lives on elsewhere, or has expired.
-- KEYS[1] record
-- ARGV[1] write id of the creation   ARGV[2] version beyond which it stays
-- Result: [1 when that creation is there no more, by this call or an earlier one; 0 when its version is beyond], then
-- lists that are left to unlink
local home, digest = string.match(KEYS[1], '^(.*):r:(.*)$') -- what all keys of the owner's begin with
local streams = home .. ':e:' .. digest
local left = streams .. '::' .. ARGV[1]
local r = redis.call('HMGET', KEYS[1], 'n', 'v', 'o')
if r[1] == ARGV[1] then
  local version = tonumber(r[2])
  if not (version and r[3]) then return redis.error_reply('FOREIGN value') end
  if version > tonumber(ARGV[2]) then return { 0 } end
  redis.call('DEL', KEYS[1])
  redis.call('UNLINK', streams)
  for _, id in ipairs(redis.call('SPOP', streams .. ':', 16)) do redis.call('UNLINK', streams .. ':' .. id) end
  if redis.call('EXISTS', streams .. ':') == 1 then redis.call('RENAME', streams .. ':', left) end
  if r[3] ~= '' then
    redis.call('ZREM', home .. ':o:' .. r[3], digest)
    redis.call('ZREM', home .. ':u:' .. r[3], digest)
  end
end
return redis.call('EXISTS', left) == 1 and { 1, left } or { 1 }
