-- How far the streams of records have come.
-- KEYS[2i - 1] record   KEYS[2i] its streams: a hash, whose layout the README describes
-- Result, for each record: [name, position of the last entry, 1 if ended, delivered] of each stream, flat; 0 for a
-- foreign value
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function heads (record, streams)
  local r = redis.pcall('HMGET', record, 'v', 'u', 'i', 'd')
  if r.err then return 0 end
  if not r[1] then return {} end
  local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
  if not (used and idle and deadline) then return 0 end
  if math.min(used + idle, deadline) <= now then return {} end
  local names = {}
  for _, field in ipairs(redis.call('HKEYS', streams)) do
    if string.sub(field, 1, 1) == 's' then names[#names + 1] = string.sub(field, 2) end
  end
  local result = {}
  for _, name in ipairs(names) do
    local s = redis.call('HMGET', streams, 's' .. name, 'p' .. name)
    local kind, last = string.match(s[1], '^(%a)%w+ (%d+)')
    local i = #result
    result[i + 1], result[i + 2], result[i + 3], result[i + 4] = name, last, kind == 'o' and 0 or 1, s[2] or '0'
  end
  return result
end

local answers = {}
for i = 1, #KEYS, 2 do answers[(i + 1) / 2] = heads(KEYS[i], KEYS[i + 1]) end
return answers
