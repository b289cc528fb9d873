-- Every stream of a record, whole; their number and size are bounded by what append keeps.
-- KEYS[1] record   KEYS[2] streams of the record
-- Result: [name, head, floor, 1 if ended, delivered, [entry ...]] for each
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return {} end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return {} end

local result = {}
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 1) == 'l' then
    local name = string.sub(field, 2)
    local s = redis.call('HMGET', KEYS[2], 'h' .. name, field, 'e' .. name, 'p' .. name)
    local entries = redis.call('LRANGE', KEYS[2] .. ':' .. name, 0, -1)
    table.insert(result, { name, s[1], tonumber(s[2]) - #entries, s[3] and 1 or 0, tonumber(s[4] or 0), entries })
  end
end
return result
