#!lua flags=no-writes
-- read_batches: some batches, and how many of their jobs have which standing.
-- KEYS prefix
-- ARGV at ids
-- RETURNS for each batch that exists: id, its hash, unfinished, completed, cancelled, failed
-- EVENTS
-- NEEDS base batches
-- ids: msgpack array
local answers = {}
for _, batch in ipairs(unpack_value(ids)) do
  local fields = call('HGETALL', key('batch/' .. batch))
  if #fields > 0 then
    push2(answers, batch, fields)
    push(answers, count_standing(batch, STANDING.unfinished, STANDING.stopping))
    for _, standing in ipairs({ 'completed', 'cancelled', 'failed' }) do
      local number = STANDING[standing]
      push(answers, count_standing(batch, number, number) + count_deleted(batch, standing))
    end
  end
end
return answers
