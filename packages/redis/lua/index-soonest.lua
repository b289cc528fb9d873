-- Entries that look due soonest.
-- KEYS[...] nobody: sorted sets of entries by the time they look due
-- ARGV[1] at most so many of each   ARGV[2] at most so many of all
-- Result: [entry, when it looks due] for each, flat, in this order
local found = {}
for _, key in ipairs(KEYS) do
  local some = redis.call('ZRANGE', key, 0, ARGV[1] - 1, 'WITHSCORES')
  for i = 1, #some, 2 do found[#found + 1] = { some[i], some[i + 1] } end
end
table.sort(found, function (a, b) return tonumber(a[2]) < tonumber(b[2]) end)
local result = {}
for i = 1, math.min(#found, tonumber(ARGV[2])) do
  result[2 * i - 1], result[2 * i] = found[i][1], found[i][2]
end
return result
