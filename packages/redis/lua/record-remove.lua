-- Removes living records with their streams, and leaves a tombstone for each until it would have expired unused.
-- KEYS[...] records
-- ARGV[1] id of this removal   ARGV[2] '1' to get the records
-- Result, for each: the write id of its creation and the time at which its tombstone ends, as lines; nil when there was
-- none alive; 0 for a foreign value. With a record it is [those lines, facts, body]; facts are lines as those of
-- `record-read`. After all, lists that are left to unlink. A resent call gets the answer of the first, without records.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function remove (record)
  local home, digest = string.match(record, '^(.*):r:(.*)$') -- what all keys of the owner's begin with
  local tombstone, streams = home .. ':t:' .. digest, home .. ':e:' .. digest
  local stone = redis.pcall('GET', tombstone)
  if type(stone) == 'table' then return 0 end
  if stone then
    local id, answer = string.match(stone, '^(%w+)=(.*)$')
    if id ~= ARGV[1] then return false end
    redis.call('SET', tombstone, stone, 'KEEPTTL') -- a write, so that WAIT has something to wait for
    return answer
  end
  local r = redis.pcall('HMGET', record, 'v', 'w', 'o', 'c', 'u', 'i', 'd', 'n', ARGV[2] == '1' and 'b' or 'n')
  if r.err then return 0 end
  if not r[5] then return false end
  local used, idle, deadline = tonumber(r[5]), tonumber(r[6]), tonumber(r[7])
  if not (used and idle and deadline and r[3] and r[8]) then return 0 end
  local due = math.min(used + idle, deadline)
  if due <= now then return false end
  local answer = r[8] .. '\n' .. string.format('%.0f', due)
  redis.call('DEL', record)
  redis.call('UNLINK', streams)
  for _, id in ipairs(redis.call('SPOP', streams .. ':', 16)) do redis.call('UNLINK', streams .. ':' .. id) end
  if redis.call('EXISTS', streams .. ':') == 1 then redis.call('RENAME', streams .. ':', streams .. '::' .. ARGV[1]) end
  -- Last: after a write that needs no memory, a script may go on also when the memory is full.
  redis.call('SET', tombstone, ARGV[1] .. '=' .. answer, 'PXAT', string.format('%.0f', due))
  if r[3] ~= '' then
    redis.call('ZREM', home .. ':o:' .. r[3], digest)
    redis.call('ZREM', home .. ':u:' .. r[3], digest)
  end
  if ARGV[2] ~= '1' or not (r[1] and r[2] and r[4] and r[9]) then return answer end
  return { answer, table.concat(r, '\n', 1, 7), r[9] }
end

local removed = {}
for i, record in ipairs(KEYS) do removed[i] = remove(record) end
for _, record in ipairs(KEYS) do
  local left = string.gsub(record, '^(.*):r:', '%1:e:') .. '::' .. ARGV[1]
  if redis.call('EXISTS', left) == 1 then removed[#removed + 1] = left end
end
return removed
