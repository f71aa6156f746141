#!lua flags=allow-oom
-- delete_expired: delete rate windows that have become empty.
-- KEYS prefix
-- ARGV at limit
-- RETURNS deleted, ms until the next one is due (-1: none)
-- EVENTS
-- NEEDS base
local names, windows = call('ZRANGEBYSCORE', key('windows'), '-inf', now, 'LIMIT', 0, limit), {}
for i, name in ipairs(names) do windows[i] = key(name) end
write_keys('UNLINK', windows)
write('ZREM', 'windows', names)
local first = first_score('windows')
return { #names, first and math.max(0, first - now) or -1 }
