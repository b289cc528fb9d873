-- Records, each unless there is none or it has expired.
-- KEYS[...] records
-- ARGV[1] '1' to leave out bodies
-- Result, for each: [facts, body], nil, or 0 for a foreign value. Facts are lines: version, write id, owner, createdAt,
-- usedAt, idle, deadline. A body that is left out is ''.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bodiless = ARGV[1] == '1'

local function read (key)
  local r = redis.pcall('HMGET', key, 'v', 'w', 'o', 'c', 'u', 'i', 'd', bodiless and 'v' or 'b')
  if r.err then return 0 end
  if not r[1] then return false end
  local used, idle, deadline = tonumber(r[5]), tonumber(r[6]), tonumber(r[7])
  if not (r[2] and r[3] and r[4] and used and idle and deadline and r[8]) then return 0 end
  return math.min(used + idle, deadline) > now and { table.concat(r, '\n', 1, 7), bodiless and '' or r[8] }
end

local found = {}
for i, key in ipairs(KEYS) do found[i] = read(key) end
return found
