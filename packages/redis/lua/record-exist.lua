-- Which keys exist.
-- KEYS[...] tombstones, or streams of records
-- Result, for each: 1 or 0
local found = {}
for i, key in ipairs(KEYS) do found[i] = redis.call('EXISTS', key) end
return found
