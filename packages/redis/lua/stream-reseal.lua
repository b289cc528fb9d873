-- Stores the same entries and head of a stream under another key.
-- KEYS[1] record   KEYS[2] streams of the record
-- ARGV[1] name   ARGV[2] head   ARGV[3] floor   ARGV[4] grace in ms   ARGV[5...] entries
-- Result: 1, or 0 when the stream does not have exactly these positions
local streams, name, head = KEYS[2], ARGV[1], ARGV[2]
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return 0 end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end

local facts = redis.call('HGET', streams, 's' .. name)
if not facts then return 0 end
local amount = #ARGV - 4
local kind, id, last, rest = string.match(facts, '^(%a)(%w+) (%d+)([^\n]*)')
local lengths, bytes = { #head }, #head
for i = 5, #ARGV do
  lengths[#lengths + 1] = #ARGV[i]
  bytes = bytes + #ARGV[i] + 64
end
if tonumber(last) - amount ~= tonumber(ARGV[3]) then return 0 end
if kind == 'i' then
  local _, known = string.gsub(rest, '%d+', '')
  if known ~= amount + 1 then return 0 end
  redis.call('HSET', streams, 's' .. name,
    'i' .. id .. ' ' .. last .. ' ' .. table.concat(lengths, ' ') .. '\n' .. head .. table.concat(ARGV, '', 5))
  return 1
end
local list = streams .. ':' .. id
if redis.call('LLEN', list) ~= amount then return 0 end
if amount > 0 then
  redis.call('UNLINK', list)
  for i = 5, #ARGV, 1000 do redis.call('RPUSH', list, unpack(ARGV, i, math.min(i + 999, #ARGV))) end
  redis.call('PEXPIREAT', list, string.format('%.0f', deadline + ARGV[4]))
end
redis.call('HSET', streams, 'h' .. name, head, 's' .. name,
  kind .. id .. ' ' .. last .. ' ' .. bytes .. string.match(rest, '^ %d+(.*)$'))
return 1
