-- The records of an owner that nobody has used for longest.
-- KEYS[1] dues: a sorted set of an owner's records by the time they look due, which is never later than when they are
-- ARGV[1] unused for so many ms   ARGV[2] at most so many
-- Result: [digest, when it was last used] for each, flat, the longest unused first
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local home, owner = string.match(KEYS[1], '^(.*):d:(.*)$')
local limit, latest = tonumber(ARGV[2]), now - ARGV[1]
local found, in_vain = {}, 0
local looked = redis.call('ZRANGE', KEYS[1], 0, 255, 'WITHSCORES')
for i = 1, #looked, 2 do
  local digest, looks = looked[i], tonumber(looked[i + 1])
  if in_vain == 32 or (#found >= limit and looks >= found[limit].due) then break end
  local r = redis.pcall('HMGET', home .. ':r:' .. digest, 'u', 'i', 'd')
  local used, idle, deadline = tonumber(r[1]), tonumber(r[2]), tonumber(r[3])
  local due = used and idle and deadline and math.min(used + idle, deadline)
  if r.err then
    redis.call('ZADD', KEYS[1], now + 86400000, digest) -- a foreign value, which stays
  elseif not due or due <= now then
    redis.call('ZREM', KEYS[1], digest)
    redis.call('ZREM', home .. ':o:' .. owner, digest)
  else
    if due > looks then redis.call('ZADD', KEYS[1], string.format('%.0f', due), digest) end
    if used <= latest then
      local place = #found + 1
      while place > 1 and found[place - 1].due > due do place = place - 1 end
      table.insert(found, place, { digest = digest, used = used, due = due })
    elseif due == looks then
      in_vain = in_vain + 1
    end
  end
end
table.sort(found, function (a, b) return a.used < b.used end)
local result = {}
for i = 1, math.min(limit, #found) do
  result[2 * i - 1], result[2 * i] = found[i].digest, string.format('%.0f', found[i].used)
end
return result
