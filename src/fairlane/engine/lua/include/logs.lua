-- logs: the last lines that a job logged.
-- NEEDS base
--   g/ID  KeptLog (msgpack); the lines are opaque
local MAX_LINES, MAX_BYTES = 200, 32768

-- Append the lines of a lease that begin at number `first` (0 is the lease's first line). A line that was received
-- before is skipped.
local function append_lines(id, token, first, lines)
  local packed = call('GET', key('g/' .. id))
  local log = packed and unpack_value(packed) or KeptLog{
    token = token, received = 0, missing = false, size = 0, lines = {},
  }
  local received, size, kept = log[KeptLog.received], log[KeptLog.size], log[KeptLog.lines]
  if log[KeptLog.token] ~= token then received = 0 end
  local missing = log[KeptLog.missing] or first > received
  for i, line in ipairs(lines) do
    if first + i > received then
      push(kept, line)
      size = size + #line
    end
  end
  local oldest = 1
  while #kept - oldest >= MAX_LINES or size > MAX_BYTES do
    size = size - #kept[oldest]
    oldest = oldest + 1
    missing = true
  end
  if oldest > 1 then kept = { unpack(kept, oldest) } end
  call('SET', key('g/' .. id), pack(KeptLog{
    token = token, received = math.max(received, first + #lines), missing = missing, size = size, lines = kept,
  }))
end
