-- Claims records that were taken because they looked due. They stay stored until the claim is settled, so that an
-- answer that gets lost loses nothing.
-- KEYS[...] records
-- ARGV[1] id of this claim   ARGV[2] claimed for so many ms   ARGV[3...] write id of the creation, for each
-- Result, for each: nil when the entry has no record; the time at which a living one is due; 0 when somebody else has
-- claimed it; -1 for a foreign value; [facts, body] when it is claimed. Facts are lines: version, write id, owner,
-- createdAt, usedAt, idle, deadline. A resent call gets the answer of the first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function claim (key, born)
  local r = redis.pcall('HMGET', key, 'v', 'w', 'o', 'c', 'u', 'i', 'd', 'b', 'n', 'k', 'l')
  if r.err then return -1 end
  if r[9] ~= born then return false end
  local used, idle, deadline = tonumber(r[5]), tonumber(r[6]), tonumber(r[7])
  if not (r[1] and r[2] and r[3] and r[4] and used and idle and deadline and r[8]) then return -1 end
  local due = math.min(used + idle, deadline)
  if due > now then return due end
  if r[10] and r[10] ~= ARGV[1] and tonumber(r[11]) > now then return 0 end
  redis.call('HSET', key, 'k', ARGV[1], 'l', string.format('%.0f', now + ARGV[2]))
  return { table.concat(r, '\n', 1, 7), r[8] }
end

local claimed = {}
for i, key in ipairs(KEYS) do claimed[i] = claim(key, ARGV[i + 2]) end
return claimed
