-- Entries of a stream after a position.
-- KEYS[1] record   KEYS[2] streams of the record
-- ARGV[1] name   ARGV[2] position, or '' for what is undelivered   ARGV[3] at most so many
-- Result: [head, after, 1 if ended, 1 if lost, floor, entry ...] or nil when there is no such stream
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return false end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return false end

local name = ARGV[1]
local s = redis.call('HMGET', KEYS[2], 's' .. name, 'p' .. name, 'h' .. name)
local facts = s[1]
if not facts then return false end
local kind, head, last, floor = string.sub(facts, 1, 1), s[3], nil, nil
local lengths, list, at = {}, nil, nil
if kind == 'i' then
  local position, sizes, begin = string.match(facts, '^i%w+ (%d+) ([%d ]+)\n()')
  for size in string.gmatch(sizes, '%d+') do lengths[#lengths + 1] = tonumber(size) end
  last = tonumber(position)
  floor = last - #lengths + 1
  head = string.sub(facts, begin, begin + lengths[1] - 1)
  at = begin + lengths[1]
else
  local id, position = string.match(facts, '^.(%w+) (%d+)')
  list = KEYS[2] .. ':' .. id
  last = tonumber(position)
  floor = last - redis.call('LLEN', list)
end

local after = tonumber(ARGV[2]) or tonumber(s[2] or 0)
local page = { head, after, 0, 0, floor }
if after < floor or after > last then
  page[4] = 1
  return page
end
local from, till = after - floor, math.min(after - floor + ARGV[3], last - floor)
if list then
  for i, entry in ipairs(redis.call('LRANGE', list, from, till - 1)) do page[5 + i] = entry end
else
  for i = 1, till do
    local size = lengths[i + 1]
    if i > from then page[5 + i - from] = string.sub(facts, at, at + size - 1) end
    at = at + size
  end
end
if kind ~= 'o' and till == last - floor then page[3] = 1 end
return page
