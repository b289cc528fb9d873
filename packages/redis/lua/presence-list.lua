-- Replicas that are alive.
-- KEYS[1] replicas
-- ARGV[1] the only one to look for, if any
-- Result: replicas
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] then
  local till = redis.call('ZSCORE', KEYS[1], ARGV[1])
  return till and tonumber(till) > now and { ARGV[1] } or {}
end
return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf')
