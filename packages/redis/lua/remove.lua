-- Removes a living record with its streams, and leaves a tombstone until its deadline.
-- KEYS[1] record   KEYS[2] tombstone   KEYS[3] streams of the record
-- ARGV[1] id of this removal   ARGV[2] what indexes of owners begin with   ARGV[3] digest
-- Result: [1, write id of the creation], or [0] when there was none alive. A resent call gets the answer of the first.
local stone = redis.call('GET', KEYS[2])
if stone then
  local id, born = string.match(stone, '^(%w+)=(%w+)$')
  if id ~= ARGV[1] then return { 0 } end
  redis.call('SET', KEYS[2], stone, 'KEEPTTL') -- a write, so that WAIT has something to wait for
  return { 1, born }
end
local r = redis.pcall('HMGET', KEYS[1], 'u', 'i', 'd', 'o', 'n')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return { 0 } end
local used, idle, deadline = tonumber(r[1]), tonumber(r[2]), tonumber(r[3])
if not (used and idle and deadline and r[4] and r[5]) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return { 0 } end
for _, field in ipairs(redis.call('HKEYS', KEYS[3])) do
  if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', KEYS[3] .. ':' .. string.sub(field, 2)) end
end
redis.call('DEL', KEYS[1], KEYS[3])
-- Last: after a write that needs no memory, a script may go on also when the memory is full.
redis.call('SET', KEYS[2], ARGV[1] .. '=' .. r[5], 'PXAT', r[3])
if r[4] ~= '' then redis.call('ZREM', ARGV[2] .. r[4], ARGV[3]) end
return { 1, r[5] }
