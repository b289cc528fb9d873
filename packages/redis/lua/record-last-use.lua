-- When records were used last, and when they are due.
-- KEYS[...] records
-- ARGV[1] unused for so many ms   ARGV[...] write id of the creation, for each
-- Result, for each: nil when the entry has no living record; otherwise [1 when it was unused for so long, when it was
-- used last, when it is due]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local uses = {}
for i, key in ipairs(KEYS) do
  local r = redis.pcall('HMGET', key, 'n', 'u', 'i', 'd')
  local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
  local due = used and idle and deadline and math.min(used + idle, deadline)
  uses[i] = r[1] == ARGV[i + 1] and due and due > now and { used <= now - ARGV[1] and 1 or 0, used, due }
end
return uses
