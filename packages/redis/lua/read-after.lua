-- Entries of a stream after a position.
-- KEYS[1] record   KEYS[2] streams of the record   KEYS[3] entries of this stream
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
local s = redis.call('HMGET', KEYS[2], 'h' .. name, 'l' .. name, 'e' .. name, 'p' .. name)
if not s[2] then return false end
local last = tonumber(s[2])
local after = tonumber(ARGV[2]) or tonumber(s[4] or 0)
local floor = last - redis.call('LLEN', KEYS[3])
local page = { s[1], after, 0, 0, floor }
if after < floor or after > last then
  page[4] = 1
  return page
end
local from = after - floor
local entries = redis.call('LRANGE', KEYS[3], from, from + ARGV[3] - 1)
for i, entry in ipairs(entries) do page[5 + i] = entry end
if s[3] and after + #entries == last then page[3] = 1 end
return page
