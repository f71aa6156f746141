-- repeating: what a call was answered, for when the answer is lost and the call is sent again, and for calls of which a
-- ARGV call_id
-- NEEDS base
-- second run would do or say something else.
--   answer/CALL  msgpack, for a minute
local answer_key = key('answer/' .. call_id)

local function answer_before()
  local packed = call('GET', answer_key)
  return packed and unpack_value(packed)
end

local function answered(answer)
  call('SET', answer_key, pack(answer), 'PX', 60000)
  return answer
end
