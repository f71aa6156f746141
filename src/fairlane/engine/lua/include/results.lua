-- results: what a job learns about its needs when it starts.
-- NEEDS base
local MOST_BYTES = 2 ^ 20 -- of all results together

-- packed: the Needing of a job, or false. Returns an array of Needed, packed, or false. A result that does not fit is
-- left out.
local function results_of_needs(packed)
  if not packed then return false end
  local list, bytes = {}, 0
  for i, need in ipairs(unpack_value(packed)[Needing.needs]) do
    local result = call('GET', key('r/' .. need))
    local r = result and unpack_value(result)
    local body = r and r[Ended.state] == 'completed' and r[Ended.body] or ''
    local fits = bytes + #body <= MOST_BYTES
    if fits then bytes = bytes + #body end
    list[i] = Needed{ id = need, state = r and r[Ended.state] or '', result = fits and body or '', left_out = not fits }
  end
  return pack(list)
end
