-- How many entries there are.
-- KEYS[...] all: sorted sets of entries
-- Result: a count
local count = 0
for _, key in ipairs(KEYS) do count = count + redis.call('ZCARD', key) end
return count
