#!lua flags=no-writes
-- heads: the tenants, queues and tasks of some jobs. Does not read their payloads.
-- KEYS prefix
-- ARGV at ids
-- RETURNS for each job that exists: id, tenant, queue, task
-- EVENTS
-- NEEDS base job
-- ids: msgpack array
local answers = {}
for _, id in ipairs(unpack_value(ids)) do
  local tenant, queue, task = names_of(id)
  if tenant then
    push2(answers, id, tenant)
    push2(answers, queue, task)
  end
end
return answers
