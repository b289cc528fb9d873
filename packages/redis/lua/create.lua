-- Stores a record unless its key is taken or its owner has too many.
-- KEYS[1] record   KEYS[2] tombstone   KEYS[3] index of the owner, where there is one
-- ARGV[1] write id   ARGV[2] owner   ARGV[3] idle   ARGV[4] absolute   ARGV[5] createdAt or ''   ARGV[6] usedAt or ''
-- ARGV[7] version   ARGV[8] body   ARGV[9] grace in ms   ARGV[10] most of one owner   ARGV[11] digest
-- ARGV[12] what the keys of the owner's records begin with
-- Result: 'created', 'exists' or 'owner-full'. A resent call gets the answer of the first.
local record, index, id = KEYS[1], KEYS[3], ARGV[1]
if redis.call('EXISTS', record) == 1 then
  if redis.pcall('HGET', record, 'n') ~= id then return 'exists' end
  redis.call('HSET', record, 'n', id) -- a write, so that WAIT has something to wait for
  return 'created'
end
if redis.call('EXISTS', KEYS[2]) == 1 then return 'exists' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function alive (digest)
  local r = redis.call('HMGET', ARGV[12] .. digest, 'u', 'i', 'd')
  if not r[1] then redis.call('ZREM', index, digest) end
  return r[1] and math.min(r[1] + r[2], tonumber(r[3])) > now
end

local most = tonumber(ARGV[10])
if index and redis.call('ZCARD', index) >= most then
  local living = 0
  for _, digest in ipairs(redis.call('ZRANGE', index, 0, 999)) do
    if alive(digest) then living = living + 1 end
  end
  if living >= most or redis.call('ZCARD', index) > 1000 then return 'owner-full' end
end

local created = math.min(tonumber(ARGV[5]) or now, now)
local used = math.min(tonumber(ARGV[6]) or now, now)
local deadline = created + ARGV[4]
local last = string.format('%.0f', deadline + ARGV[9])
redis.call('HSET', record, 'v', ARGV[7], 'w', id, 'n', id, 'o', ARGV[2], 'c', string.format('%.0f', created),
  'u', string.format('%.0f', used), 'i', ARGV[3], 'd', string.format('%.0f', deadline), 'b', ARGV[8])
redis.call('PEXPIREAT', record, last)
if index then
  redis.call('ZADD', index, 0, ARGV[11])
  if redis.call('PTTL', index) < last - now then redis.call('PEXPIREAT', index, last) end
end
return 'created'
