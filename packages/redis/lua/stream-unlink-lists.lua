-- Deletes lists of entries whose streams are already forgotten, a slice at a time.
-- KEYS[1] the set of these lists, which `stream-drop` and other scripts left to unlink
-- Result: 1 when there are more, otherwise 0
local lists = string.match(KEYS[1], '^(.*:):%w+$')
for _, id in ipairs(redis.call('SPOP', KEYS[1], 64)) do redis.call('UNLINK', lists .. id) end
return redis.call('EXISTS', KEYS[1])
