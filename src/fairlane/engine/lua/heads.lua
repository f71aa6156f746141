#!lua flags=no-writes
-- heads: whose jobs they are, and what they run. Cheap for large payloads too, which are not read.
-- KEYS prefix
-- ARGV at ids
-- RETURNS for each job that there is: id, tenant, queue, task
-- EVENTS
-- NEEDS base job
-- ids: msgpack array
-- An array's head of one byte, and three names of up to 128 bytes with heads of two.
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
