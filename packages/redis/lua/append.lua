-- Appends entries to a stream, creating it when it is new, and trims its oldest entries.
-- KEYS[1] record   KEYS[2] streams of the record: a hash with the fields h head, l last position, y bytes, e when it ended,
-- p delivered position, r recent writes, s when it began, each followed by the name   KEYS[3] entries of this stream
-- ARGV[1] write id   ARGV[2] name   ARGV[3] head   ARGV[4] '1' to end it   ARGV[5] most entries   ARGV[6] most bytes
-- ARGV[7] most streams   ARGV[8] grace in ms   ARGV[9...] entries
-- Result: the position of the last entry, 'ended' or 'gone'. A resent call gets the answer of the first.
local streams, list, id, name = KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local r = redis.pcall('HMGET', KEYS[1], 'v', 'u', 'i', 'd')
if r.err then return redis.error_reply('FOREIGN value') end
if not r[1] then return 'gone' end
local used, idle, deadline = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
if not (used and idle and deadline) then return redis.error_reply('FOREIGN value') end
local time = redis.call('TIME')
if math.min(used + idle, deadline) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 'gone' end

local s = redis.call('HMGET', streams, 'l' .. name, 'y' .. name, 'e' .. name, 'r' .. name)
local last, bytes, recent = tonumber(s[1] or 0), tonumber(s[2] or 0), s[4] or ''
local applied = string.match(recent, id .. '=(%d+);')
if applied then
  redis.call('HSET', streams, 'r' .. name, recent) -- a write, so that WAIT has something to wait for
  return tonumber(applied)
end
if s[3] then return 'ended' end
local expiry = string.format('%.0f', deadline + ARGV[8])

if not s[1] then
  local oldest, place, amount = nil, nil, 0
  for _, field in ipairs(redis.call('HKEYS', streams)) do
    if string.sub(field, 1, 1) == 's' then amount = amount + 1 end
  end
  if amount >= tonumber(ARGV[7]) then
    local all = redis.call('HGETALL', streams)
    for i = 1, #all, 2 do
      if string.sub(all[i], 1, 1) == 'e' and (not place or tonumber(all[i + 1]) < place) then
        oldest, place = string.sub(all[i], 2), tonumber(all[i + 1])
      end
    end
    if oldest then
      redis.call('HDEL', streams, 'h' .. oldest, 'l' .. oldest, 'y' .. oldest, 'e' .. oldest, 'p' .. oldest, 'r' .. oldest, 's' .. oldest)
      redis.call('UNLINK', streams .. ':' .. oldest)
    end
  end
  redis.call('HSET', streams, 'h' .. name, ARGV[3], 's' .. name, redis.call('HINCRBY', streams, '#', 1))
  redis.call('PEXPIREAT', streams, expiry)
end

for i = 9, #ARGV do
  redis.call('RPUSH', list, ARGV[i])
  bytes = bytes + #ARGV[i] + 64
end
last = last + #ARGV - 8
local kept = redis.call('LLEN', list)
if kept > 0 and kept == #ARGV - 8 then redis.call('PEXPIREAT', list, expiry) end
while kept > 1 and (kept > tonumber(ARGV[5]) or bytes > tonumber(ARGV[6])) do
  bytes = bytes - #redis.call('LPOP', list) - 64
  kept = kept - 1
end

recent = recent .. id .. '=' .. string.format('%.0f', last) .. ';'
if #recent > 512 then recent = string.match(recent, ';(.*)$', #recent - 256) end
redis.call('HSET', streams, 'l' .. name, string.format('%.0f', last), 'y' .. name, bytes, 'r' .. name, recent)
if ARGV[4] == '1' then redis.call('HSET', streams, 'e' .. name, redis.call('HINCRBY', streams, '#', 1)) end
return last
