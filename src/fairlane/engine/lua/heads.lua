#!lua flags=no-writes
-- heads: the tenants, queues and tasks of some jobs. Does not read their payloads.
-- KEYS prefix
-- ARGV at ids
-- RETURNS for each job that exists: id, tenant, queue, task
-- EVENTS
-- NEEDS base job
-- ids: msgpack array
-- In msgpack: one byte for the array, then three names of up to 128 bytes with two bytes before each.
local NAMES_END = HEADER_AT + 3 * 130
local answers = {}
for _, id in ipairs(unpack_value(ids)) do
  local record = call('GETRANGE', key('j/' .. id), 0, NAMES_END)
  if record ~= '' then
    local _, tenant, queue, task = cmsgpack.unpack_limit(record, 3, HEADER_AT + 1)
    push2(answers, id, tenant)
    push2(answers, queue, task)
  end
end
return answers
