-- news: which jobs changed, told to whoever watches. That nobody does costs one look a call.
-- NEEDS base
--   watched  there while somebody watches, who keeps it from expiring
--   channel news: msgpack map STATE -> ids

-- by_state: state -> {score, id, ...}; lanes: lane -> the same, of jobs that are now pending.
local function tell(by_state, lanes)
  if call('EXISTS', key('watched')) == 0 then return end
  local news = {}
  local function add(state, scored)
    if #scored == 0 then return end
    local ids = news[state] or {}
    news[state] = ids
    for i = 2, #scored, 2 do push(ids, scored[i]) end
  end
  for state, scored in pairs(by_state) do add(state, scored) end
  for _, scored in pairs(lanes) do add('pending', scored) end
  if next(news) then call('PUBLISH', key('news'), pack(news)) end
end
