-- saved_answer: keeps the answer of a call for a minute, for calls that would answer differently the second time. A
-- client whose reply was lost sends the call again and gets the first answer.
-- ARGV call_id
-- NEEDS base
--   answer/CALL  msgpack
local answer_key = key('answer/' .. call_id)

local function saved_answer()
  local packed = call('GET', answer_key)
  return packed and unpack_value(packed)
end

local function save_answer(answer)
  call('SET', answer_key, pack(answer), 'PX', 60000)
  return answer
end
