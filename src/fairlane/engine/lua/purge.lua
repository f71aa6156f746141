#!lua flags=allow-oom
-- purge: forget some failed jobs. Jobs that are no longer failed are left alone.
-- KEYS prefix
-- ARGV at ids
-- RETURNS forgotten
-- EVENTS
-- include base
local keys, gone = {}, {}
local wanted = unpack_value(ids)
for i, score in ipairs(read('ZMSCORE', 'failed', wanted)) do
  if score then
    local id = wanted[i]
    push(gone, id)
    push_all(keys, { key('j/' .. id), key('x/' .. id), key('r/' .. id) })
  end
end
write_keys('UNLINK', keys)
write('ZREM', 'failed', gone)
return #gone
