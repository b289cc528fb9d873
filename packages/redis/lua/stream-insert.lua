-- Stores a stream as it was elsewhere, unless it is there already. Its oldest entries go where they are too many, and
-- the streams that ended first where those are.
-- KEYS[1] record   KEYS[2] streams of the record: a hash, whose layout the README describes
-- ARGV[1] write id   ARGV[2] name   ARGV[3] head   ARGV[4] '1' if it ended   ARGV[5] most entries   ARGV[6] most bytes
-- ARGV[7] most streams   ARGV[8] grace in ms   ARGV[9] floor   ARGV[10] delivered   ARGV[11...] entries
-- Result: 1, or 0 when nothing was stored. A resent call gets the answer of the first.
local streams, id, name, head = KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return 0 end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end

local s = redis.call('HMGET', streams, '#', 's' .. name)
if s[2] then
  local list, _, recent = string.match(s[2], '^%a(%w+) (%d+)([^\n]*)')
  if list ~= id and not string.find(recent, id .. '=', 1, true) then return 0 end
  redis.call('HSET', streams, '#', s[1]) -- a write, so that WAIT has something to wait for
  return 1
end
local oldest, next_ended, amount = string.match(s[1] or '0 0 0', '^(%d+) (%d+) (%d+)$')
oldest, next_ended, amount = tonumber(oldest), tonumber(next_ended), tonumber(amount)
for _ = 1, 2 do
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

local first, bytes = #ARGV + 1, #head
while first > 11 and #ARGV - first + 1 < tonumber(ARGV[5]) do
  local size = #ARGV[first - 1] + 64
  if first <= #ARGV and bytes + size > tonumber(ARGV[6]) then break end
  bytes = bytes + size
  first = first - 1
end
local last = string.format('%.0f', ARGV[9] + #ARGV - 10)
local expiry = string.format('%.0f', deadline + ARGV[8])
local facts
if ARGV[4] == '1' then
  local lengths = {}
  for i = first, #ARGV do lengths[#lengths + 1] = ' ' .. #ARGV[i] end
  facts = 'i' .. id .. ' ' .. last .. ' ' .. #head .. table.concat(lengths) .. '\n' ..
    head .. table.concat(ARGV, '', first)
  redis.call('HSET', streams, 'q' .. next_ended, ' ' .. name)
  next_ended = next_ended + 1
else
  local list = streams .. ':' .. id
  for i = first, #ARGV, 1000 do redis.call('RPUSH', list, unpack(ARGV, i, math.min(i + 999, #ARGV))) end
  redis.call('PEXPIREAT', list, expiry)
  redis.call('SADD', streams .. ':', id)
  redis.call('PEXPIREAT', streams .. ':', expiry)
  redis.call('HSET', streams, 'h' .. name, head)
  facts = 'o' .. id .. ' ' .. last .. ' ' .. bytes .. ' ' .. id .. '=' .. last .. ';'
end
redis.call('HSET', streams, 's' .. name, facts, 'p' .. name, ARGV[10],
  '#', oldest .. ' ' .. next_ended .. ' ' .. amount + 1)
redis.call('PEXPIREAT', streams, expiry)
return 1
