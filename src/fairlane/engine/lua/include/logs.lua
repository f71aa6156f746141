-- logs: what jobs logged, the last of it.
-- NEEDS base
--   g/ID  msgpack { lease token, lines heard under it, whether lines are missing, bytes, lines (opaque) }
local MAX_LINES, MAX_BYTES = 200, 32768

-- lines: those of the lease from number `first` (0 for its first one) on. Lines that were heard before are left out.
local function keep_lines(id, token, first, lines)
  local packed = call('GET', key('g/' .. id))
  local log = packed and unpack_value(packed) or { token, 0, false, 0, {} }
  local heard, size, kept = log[2], log[4], log[5]
  if log[1] ~= token then heard = 0 end
  local missing = log[3] or first > heard
  for i, line in ipairs(lines) do
    if first + i > heard then
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
  call('SET', key('g/' .. id), pack({ token, math.max(heard, first + #lines), missing, size, kept }))
end
