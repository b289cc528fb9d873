-- Streams of a record, whole: a slice of them, or those that are named. What would make the answer too large is only
-- named.
-- KEYS[1] record   KEYS[2] streams of the record
-- ARGV[1] cursor, '0' to begin with   ARGV[2] bytes of an answer from which on streams are only named
-- ARGV[3...] names, instead of a slice
-- Result: [cursor, '0' at the end, then for each stream a name, or [name, head, floor, 1 if ended, delivered, [entry
-- ...]]]. During other writes, a stream may be returned twice.
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return { '0' } end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return { '0' } end

local streams, left = KEYS[2], tonumber(ARGV[2])
local result = { '0' }

local function whole (name, facts)
  local s = redis.call('HMGET', streams, 'p' .. name, 'h' .. name)
  local kind, id, last = string.match(facts, '^(%a)(%w+) (%d+)')
  local head, entries = s[2] or '', {}
  if kind == 'i' then
    local sizes, at = string.match(facts, '^i%w+ %d+ ([%d ]+)\n()')
    for size in string.gmatch(sizes, '%d+') do
      entries[#entries + 1] = string.sub(facts, at, at + size - 1)
      at = at + size
    end
    head = table.remove(entries, 1)
    left = left - #facts
  else
    entries = redis.call('LRANGE', streams .. ':' .. id, 0, -1)
    left = left - tonumber(string.match(facts, '^.%w+ %d+ (%d+)'))
  end
  return { name, head, tonumber(last) - #entries, kind == 'o' and 0 or 1, tonumber(s[1] or 0), entries }
end

local function tell (name, facts)
  if facts then result[#result + 1] = left > 0 and whole(name, facts) or name end
end

if ARGV[3] then
  for i = 3, #ARGV do tell(ARGV[i], left > 0 and redis.call('HGET', streams, 's' .. ARGV[i]) or '') end
else
  local page = redis.call('HSCAN', streams, ARGV[1], 'MATCH', 's*', 'COUNT', 32)
  result[1] = page[1]
  for i = 1, #page[2], 2 do tell(string.sub(page[2][i], 2), page[2][i + 1]) end
end
return result
