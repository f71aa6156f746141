-- events: publishes which jobs changed, if a process watches. Without one, this costs a single look-up.
-- NEEDS base
--   watched  exists while a process watches, which renews it before it expires
--   channel news: msgpack map STATE -> ids

-- by_state: state -> {score, id, ...}; lanes: tenant -> queue -> {rank, id, ...} of jobs that are pending now.
local function publish_events(by_state, lanes)
  if call('EXISTS', key('watched')) == 0 then return end
  local events = {}
  local function add(state, scored)
    if #scored == 0 then return end
    local ids = events[state] or {}
    events[state] = ids
    for i = 2, #scored, 2 do push(ids, scored[i]) end
  end
  for state, scored in pairs(by_state) do add(state, scored) end
  for _, queues in pairs(lanes) do
    for _, scored in pairs(queues) do add('pending', scored) end
  end
  if next(events) then call('PUBLISH', key('news'), pack(events)) end
end
