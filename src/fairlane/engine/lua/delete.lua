#!lua flags=allow-oom
-- delete: forget jobs that have ended. All others are left alone.
-- KEYS prefix
-- ARGV at call_id ids
-- RETURNS for each job that was forgotten: deleted
-- EVENTS
-- NEEDS base repeating forgetting
-- ids: msgpack array
local before = answer_before()
if before then return before end

local wanted, answers = unpack_value(ids), {}
for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do
  local ended = {}
  for i, score in ipairs(read('ZMSCORE', state, wanted)) do
    if score then
      push(ended, wanted[i])
      push(answers, 'deleted')
    end
  end
  forget(state, ended)
end
return answered(answers)
