#!lua flags=allow-oom
-- sample: store the figures of the current step, unless another process has stored them.
-- KEYS prefix
-- ARGV at steps
-- RETURNS the number of samples stored, ms until the next step
-- EVENTS
-- NEEDS base figures
-- steps: msgpack [[name, length (ms), samples kept], ...], the shortest first
--   history/NAME  list of samples, oldest first: msgpack [step (ms), figure, ...]
local taken, sampled = 0, nil
local wanted = unpack_value(steps)
for _, step in ipairs(wanted) do
  local name = 'history/' .. step[1]
  local begun = now - now % step[2]
  local last = call('LINDEX', key(name), -1)
  if not last or unpack_value(last)[1] < begun then
    sampled = sampled or figures()
    local sample = { begun }
    push_all(sample, sampled)
    call('RPUSH', key(name), pack(sample))
    call('LTRIM', key(name), -step[3], -1)
    taken = taken + 1
  end
end
return { taken, wanted[1][2] - now % wanted[1][2] }
