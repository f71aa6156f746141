#!lua flags=allow-oom
-- delete_expired: delete rate windows that have become empty and idempotency keys that no longer hold.
-- KEYS prefix
-- ARGV at limit
-- RETURNS deleted
-- EVENTS
-- NEEDS base
local function delete_due(index, prefix_of_names)
  local names, keys = call('ZRANGEBYSCORE', key(index), '-inf', now, 'LIMIT', 0, limit), {}
  for i, name in ipairs(names) do keys[i] = key(prefix_of_names .. name) end
  write_keys('UNLINK', keys)
  write('ZREM', index, names)
  return #names
end

return delete_due('windows', '') + delete_due('idempotency_keys', 'i/')
