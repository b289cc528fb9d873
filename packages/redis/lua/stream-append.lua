-- Appends entries to a stream, creating it when it is new, and trims its oldest entries. A new stream makes the streams
-- that ended first give way when there are too many.
-- KEYS[1] record   KEYS[2] streams of the record: a hash, whose layout the README describes
-- ARGV[1] write id   ARGV[2] name   ARGV[3] head   ARGV[4] '1' to end it   ARGV[5] most entries   ARGV[6] most bytes
-- ARGV[7] most streams   ARGV[8] grace in ms   ARGV[9...] entries
-- Result: the position of the last entry, 'ended' or 'gone'. A resent call gets the answer of the first.
local streams, id, name = KEYS[2], ARGV[1], ARGV[2]
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return 'gone' end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 'gone' end

local s = redis.call('HMGET', streams, '#', 's' .. name)
local oldest, next_ended, amount = string.match(s[1] or '0 0 0', '^(%d+) (%d+) (%d+)$')
oldest, next_ended, amount = tonumber(oldest), tonumber(next_ended), tonumber(amount)
local facts = s[2]
local kind = facts and string.sub(facts, 1, 1)
local list, last, bytes, recent

if kind == 'i' then
  local writer, position = string.match(facts, '^i(%w+) (%d+)')
  if writer ~= id then return 'ended' end
  redis.call('HSET', streams, '#', s[1]) -- a write, so that WAIT has something to wait for
  return tonumber(position)
elseif facts then
  list, last, bytes, recent = string.match(facts, '^.(%w+) (%d+) (%d+) (.*)$')
  local applied = string.match(recent, id .. '=(%d+);')
  if applied then
    redis.call('HSET', streams, '#', s[1])
    return tonumber(applied)
  end
  if kind == 'e' then return 'ended' end
else
  for _ = 1, 2 do -- two, so that what was too much once becomes less again
    if amount < tonumber(ARGV[7]) or oldest >= next_ended then break end
    local gone, other = string.match(redis.call('HGET', streams, 'q' .. oldest), '^(%w*) (.*)$')
    redis.call('HDEL', streams, 'q' .. oldest, 's' .. other, 'p' .. other)
    if gone ~= '' then
      redis.call('HDEL', streams, 'h' .. other)
      redis.call('UNLINK', streams .. ':' .. gone)
      redis.call('SREM', streams .. ':', gone)
    end
    oldest, amount = oldest + 1, amount - 1
  end
  amount = amount + 1
end
local expiry = string.format('%.0f', deadline + ARGV[8])

if not facts and ARGV[4] == '1' then
  local first, size, lengths = #ARGV + 1, #ARGV[3], {}
  while first > 9 and #ARGV - first + 1 < tonumber(ARGV[5]) do
    size = size + #ARGV[first - 1] + 64
    if first <= #ARGV and size > tonumber(ARGV[6]) then break end
    first = first - 1
  end
  for i = first, #ARGV do lengths[#lengths + 1] = ' ' .. #ARGV[i] end
  last = #ARGV - 8
  redis.call('HSET', streams,
    's' .. name, 'i' .. id .. ' ' .. last .. ' ' .. #ARGV[3] .. table.concat(lengths) .. '\n' ..
      ARGV[3] .. table.concat(ARGV, '', first),
    'q' .. next_ended, ' ' .. name, '#', oldest .. ' ' .. next_ended + 1 .. ' ' .. amount)
  if not s[1] then redis.call('PEXPIREAT', streams, expiry) end
  return last
end

local key = streams .. ':' .. (list or id)
bytes = tonumber(bytes or #ARGV[3])
local kept
for i = 9, #ARGV, 1000 do
  kept = redis.call('RPUSH', key, unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
for i = 9, #ARGV do bytes = bytes + #ARGV[i] + 64 end
if kept == #ARGV - 8 then redis.call('PEXPIREAT', key, expiry) end
while kept and kept > 1 and (kept > tonumber(ARGV[5]) or bytes > tonumber(ARGV[6])) do
  bytes = bytes - #redis.call('LPOP', key) - 64
  kept = kept - 1
end

last = string.format('%.0f', (last or 0) + #ARGV - 8)
recent = (recent or '') .. id .. '=' .. last .. ';'
if #recent > 512 then recent = string.match(recent, ';(.*)$', #recent - 256) end
if not facts then
  redis.call('HSET', streams, 'h' .. name, ARGV[3])
  redis.call('SADD', streams .. ':', id)
  redis.call('PEXPIREAT', streams .. ':', expiry)
end
facts = (list or id) .. ' ' .. last .. ' ' .. bytes .. ' ' .. recent
if ARGV[4] == '1' then
  redis.call('HSET', streams, 's' .. name, 'e' .. facts, 'q' .. next_ended, (list or id) .. ' ' .. name,
    '#', oldest .. ' ' .. next_ended + 1 .. ' ' .. amount)
else
  redis.call('HSET', streams, 's' .. name, 'o' .. facts, '#', oldest .. ' ' .. next_ended .. ' ' .. amount)
end
if not s[1] then redis.call('PEXPIREAT', streams, expiry) end
return tonumber(last)
