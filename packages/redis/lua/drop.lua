-- Forgets the streams of a record.
-- KEYS[1] streams of the record
-- Result: 1
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 1) == 'l' then redis.call('UNLINK', KEYS[1] .. ':' .. string.sub(field, 2)) end
end
redis.call('DEL', KEYS[1])
return 1
