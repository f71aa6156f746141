#!lua
-- create_batch: create a batch. The same call again changes nothing.
-- KEYS prefix
-- ARGV at batch tenant most_tenants most callbacks records...
-- RETURNS created, id_taken, too_many_tenants, or too_many: the tenant has `most` batches that are not over
-- EVENTS
-- NEEDS base batches
-- callbacks: msgpack array of Callback; records: the stored form of each one's request
-- A tenant that has `most` batches loses the one that was over first.
local name, asked = key('batch/' .. batch), tenant .. '/' .. callbacks
for _, record in ipairs(records) do asked = asked .. record end
local request = redis.sha1hex(asked)
local earlier = call('HGET', name, 'request')
if earlier then return earlier == request and 'created' or 'id_taken' end
if not call('ZSCORE', key('tenants'), tenant) and call('ZCARD', key('tenants')) >= tonumber(most_tenants) then
  return 'too_many_tenants'
end
if call('ZCARD', key('batches/' .. tenant)) >= tonumber(most) then
  local oldest = call('ZRANGE', key('over/' .. tenant), 0, 0)[1]
  if not oldest then return 'too_many' end
  delete_batch(oldest)
end
call('ZADD', key('tenants'), 0, tenant)
call('HSET', name, 'tenant', tenant, 'created', now, 'request', request)
for i, callback in ipairs(unpack_value(callbacks)) do
  callback[Callback.record] = records[i]
  call('HSET', name, callback[Callback.name], pack(callback))
end
call('ZADD', key('batches/'), now, batch)
call('ZADD', key('batches/' .. tenant), now, batch)
return 'created'
