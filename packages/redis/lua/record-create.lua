-- Stores records, each unless its key is taken or its owner has too many.
-- KEYS[...] records
-- ARGV[1] grace in ms   ARGV[2i] facts   ARGV[2i + 1] body
-- Facts are lines: write id, owner, idle, absolute, createdAt or '', usedAt or '', version, most of one owner
-- Result, for each: 'created', 'exists', 'owner-full', or the text of an error of Redis. A resent call gets the answer
-- of the first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- An owner's records are in order of their last use as far as it is known, which is never later than it was. Where
-- there seem to be too many, those unused for longest are looked at: they are gone, or get their true time, so that
-- others come next.
local function is_full (home, owner, most)
  local index, uses = home .. ':o:' .. owner, home .. ':u:' .. owner
  local amount, in_vain = redis.call('ZCARD', index), 0
  if amount < most then return false end
  local looked = redis.call('ZRANGE', uses, 0, 255, 'WITHSCORES')
  for i = 1, #looked, 2 do
    local digest, looks = looked[i], tonumber(looked[i + 1])
    local r = redis.pcall('HMGET', home .. ':r:' .. digest, 'u', 'i', 'd')
    local used, idle, deadline = tonumber(r[1]), tonumber(r[2]), tonumber(r[3])
    if r.err then used, idle, deadline = now, 1, now + 1 end -- a foreign value, which stays and counts
    if used and idle and deadline and math.min(used + idle, deadline) > now then
      if used > looks then redis.call('ZADD', uses, string.format('%.0f', used), digest) else in_vain = in_vain + 1 end
      if in_vain == 32 then break end
    else
      redis.call('ZREM', uses, digest)
      amount = amount - redis.call('ZREM', index, digest)
      if amount < most then return false end
    end
  end
  return true
end

local SPARE = 3600000 -- the sets last an hour longer than they must, so that not every record extends them
local FACTS = '^' .. string.rep('([^\n]*)\n', 7) .. '(.*)$'

local function create (record, facts, body)
  local id, owner, idle, absolute, created_at, used_at, version, most = string.match(facts, FACTS)
  local home, digest = string.match(record, '^(.*):r:(.*)$') -- what all keys of the owner's begin with
  if redis.call('EXISTS', record, home .. ':t:' .. digest) > 0 then
    if redis.pcall('HGET', record, 'n') ~= id then return 'exists' end
    redis.call('HSET', record, 'n', id) -- a write, so that WAIT has something to wait for
    return 'created'
  end
  if owner ~= '' and is_full(home, owner, tonumber(most)) then return 'owner-full' end
  local created = math.min(tonumber(created_at) or now, now)
  local used = math.min(tonumber(used_at) or now, now)
  local deadline = created + absolute
  local last = string.format('%.0f', deadline + ARGV[1])
  redis.call('HSET', record, 'v', version, 'w', id, 'n', id, 'o', owner, 'c', string.format('%.0f', created),
    'u', string.format('%.0f', used), 'i', idle, 'd', string.format('%.0f', deadline), 'b', body)
  redis.call('PEXPIREAT', record, last)
  if owner ~= '' then
    local index, uses = home .. ':o:' .. owner, home .. ':u:' .. owner
    redis.call('ZADD', index, 0, digest)
    redis.call('ZADD', uses, string.format('%.0f', used), digest)
    if redis.call('PTTL', index) < last - now then
      local later = string.format('%.0f', last + SPARE)
      redis.call('PEXPIREAT', index, later)
      redis.call('PEXPIREAT', uses, later)
    end
  end
  return 'created'
end

local answers = {}
for i, record in ipairs(KEYS) do
  local done, answer = pcall(create, record, ARGV[2 * i], ARGV[2 * i + 1])
  answers[i] = done and answer or type(answer) == 'table' and answer.err or tostring(answer)
end
return answers
