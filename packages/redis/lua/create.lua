-- Stores records, each unless its key is taken or its owner has too many.
-- KEYS[...] records
-- ARGV[1] grace in ms   ARGV[2i] facts   ARGV[2i + 1] body. Facts are lines: write id, owner, idle, absolute, createdAt or '', usedAt or
-- '', version, most of one owner
-- Result, for each: 'created', 'exists', 'owner-full', or what Redis said against it. A resent call gets the answer of the first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function is_full (index, most, records)
  if redis.call('ZCARD', index) < most then return false end
  local living = 0
  for _, digest in ipairs(redis.call('ZRANGE', index, 0, 999)) do
    local r = redis.call('HMGET', records .. digest, 'u', 'i', 'd')
    if not r[1] then
      redis.call('ZREM', index, digest)
    elseif math.min(r[1] + r[2], tonumber(r[3])) > now then
      living = living + 1
    end
  end
  return living >= most or redis.call('ZCARD', index) > 1000
end

local FACTS = '^' .. string.rep('([^\n]*)\n', 7) .. '(.*)$'

local function create (record, facts, body)
  local id, owner, idle, absolute, created_at, used_at, version, most = string.match(facts, FACTS)
  local home, digest = string.match(record, '^(.*):r:(.*)$') -- what all keys of the owner's begin with
  local index, records = home .. ':o:' .. owner, home .. ':r:'
  if redis.call('EXISTS', record, home .. ':t:' .. digest) > 0 then
    if redis.pcall('HGET', record, 'n') ~= id then return 'exists' end
    redis.call('HSET', record, 'n', id) -- a write, so that WAIT has something to wait for
    return 'created'
  end
  if owner ~= '' and is_full(index, tonumber(most), records) then return 'owner-full' end
  local created = math.min(tonumber(created_at) or now, now)
  local used = math.min(tonumber(used_at) or now, now)
  local deadline = created + absolute
  local last = string.format('%.0f', deadline + ARGV[1])
  redis.call('HSET', record, 'v', version, 'w', id, 'n', id, 'o', owner, 'c', string.format('%.0f', created),
    'u', string.format('%.0f', used), 'i', idle, 'd', string.format('%.0f', deadline), 'b', body)
  redis.call('PEXPIREAT', record, last)
  if owner ~= '' then
    redis.call('ZADD', index, 0, digest)
    if redis.call('PTTL', index) < last - now then redis.call('PEXPIREAT', index, last) end
  end
  return 'created'
end

local answers = {}
for i, record in ipairs(KEYS) do
  local done, answer = pcall(create, record, ARGV[2 * i], ARGV[2 * i + 1])
  answers[i] = done and answer or type(answer) == 'table' and answer.err or tostring(answer)
end
return answers
