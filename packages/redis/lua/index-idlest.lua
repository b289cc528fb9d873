-- The records of an owner that nobody has used for longest.
-- KEYS[1] uses: a sorted set of an owner's records by their last use as far as it is known, which is never later than
-- it was
-- ARGV[1] unused for so many ms   ARGV[2] at most so many
-- Result: [digest, when it was last used] for each, flat, the longest unused first
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local home, owner = string.match(KEYS[1], '^(.*):u:(.*)$')
local limit, latest = tonumber(ARGV[2]), now - ARGV[1]
local found = {}
local looked = redis.call('ZRANGE', KEYS[1], 0, 255, 'WITHSCORES')
for i = 1, #looked, 2 do
  local digest, looks = looked[i], tonumber(looked[i + 1])
  if looks > latest or (#found >= limit and looks >= found[limit].used) then break end
  local r = redis.pcall('HMGET', home .. ':r:' .. digest, 'u', 'i', 'd')
  local used, idle, deadline = tonumber(r[1]), tonumber(r[2]), tonumber(r[3])
  if r.err then
    redis.call('ZADD', KEYS[1], now, digest) -- a foreign value, which stays
  elseif not (used and idle and deadline) or math.min(used + idle, deadline) <= now then
    redis.call('ZREM', KEYS[1], digest)
    redis.call('ZREM', home .. ':o:' .. owner, digest)
  else
    if used > looks then redis.call('ZADD', KEYS[1], string.format('%.0f', used), digest) end
    if used <= latest then
      local place = #found + 1
      while place > 1 and found[place - 1].used > used do place = place - 1 end
      table.insert(found, place, { digest = digest, used = used })
    end
  end
end
local result = {}
for i = 1, math.min(limit, #found) do
  result[2 * i - 1], result[2 * i] = found[i].digest, string.format('%.0f', found[i].used)
end
return result
