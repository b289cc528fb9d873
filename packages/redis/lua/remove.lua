-- Removes living records with their streams, and leaves a tombstone for each until its deadline.
-- KEYS[...] records
-- ARGV[1] id of this removal
-- Result, for each: the write id of its creation; nil when there was none alive; 0 for a foreign value. A resent call gets the answer of
-- the first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function remove (record)
  local home, digest = string.match(record, '^(.*):r:(.*)$') -- what all keys of the owner's begin with
  local tombstone, streams = home .. ':t:' .. digest, home .. ':e:' .. digest
  local stone = redis.pcall('GET', tombstone)
  if type(stone) == 'table' then return 0 end
  if stone then
    local id, born = string.match(stone, '^(%w+)=(%w+)$')
    if id ~= ARGV[1] then return false end
    redis.call('SET', tombstone, stone, 'KEEPTTL') -- a write, so that WAIT has something to wait for
    return born
  end
  local r = redis.pcall('HMGET', record, 'u', 'i', 'd', 'o', 'n')
  if r.err then return 0 end
  if not r[1] then return false end
  local used, idle, deadline = tonumber(r[1]), tonumber(r[2]), tonumber(r[3])
  if not (used and idle and deadline and r[4] and r[5]) then return 0 end
  if math.min(used + idle, deadline) <= now then return false end
  for _, field in ipairs(redis.call('HKEYS', streams)) do
    if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', streams .. ':' .. string.sub(field, 2)) end
  end
  redis.call('DEL', record, streams)
  -- Last: after a write that needs no memory, a script may go on also when the memory is full.
  redis.call('SET', tombstone, ARGV[1] .. '=' .. r[5], 'PXAT', r[3])
  if r[4] ~= '' then redis.call('ZREM', home .. ':o:' .. r[4], digest) end
  return r[5]
end

local removed = {}
for i, record in ipairs(KEYS) do removed[i] = remove(record) end
return removed
