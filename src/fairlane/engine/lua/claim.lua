#!lua flags=allow-oom
-- claim: lease up to max pending jobs to a worker, by start-time fair queueing over tenants.
-- KEYS prefix
-- ARGV at worker claim lease_ms max queues idle_claim wait_ms
-- RETURNS us until the claim should come again by itself (-1: no such time), then for each job: id, token, attempt,
--   base attempt, record, 1 if it is a suspect, how long (ms) it waited (-1: the claim is repeated),
--   what it needs: nil or an array of Needed (msgpack)
-- EVENTS pending>running pending>cancelled
-- NEEDS base queue_limits job policy counts queue_room run_indexes put_back candidates pops turns charges waits
-- NEEDS expired_turns results events
-- queues: msgpack array of names, empty for all. A worker that repeats a claim id gets the same leases again.
-- idle_claim: "LISTENER/NUMBER" of a claim that waits up to wait_ms for its first job, see include/idle.lua; ''
-- for a claim that does not wait.
--   claim/WORKER/CLAIM  msgpack array of the jobs that the claim leased, kept for the length of a lease
--   fence        the highest fencing token so far: a number that rises with every lease. It is no lower than the time
--                (us) of the lease, so that it rises even if the store loses its last writes and this key with them.
local answers = { -1 }

-- A claim unblocks at least as many tenants, so that those of other queues do not pile up.
local LEAST_UNBLOCKED = 10

local function answer_again(ids)
  local records = read('HMGET', 'started', ids)
  for i, id in ipairs(ids) do
    local s = records[i] and unpack_value(records[i])
    if s and s[Started.running] and string.sub(s[Started.token], 1, #claim + 1) == claim .. '.' then
      local suspect = s[Started.suspect] and 1 or 0
      push_all(answers, {
        id, s[Started.token], s[Started.attempt], s[Started.base], call('GET', key('j/' .. id)), suspect, -1,
        results_of_needs(call('HGET', key('needing'), id)),
      })
    end
  end
  return answers
end

local claim_key = key('claim/' .. worker .. '/' .. claim)
local jobs_of_first_call = call('GET', claim_key)
if jobs_of_first_call then return answer_again(unpack_value(jobs_of_first_call)) end

max = tonumber(max)
-- Usually no tenant or queue waits for a time or to be put back, and no woken claim is on its way. One look tells.
local none_due = call('EXISTS', key('blocked_until'), key('full_until'), key('woken')) == 0 and not must_put_back()
local refilled = {}
if not none_due then
  touch_unblocked(math.max(max, LEAST_UNBLOCKED))
  put_back_some()
  refilled = refilled_queues()
end
local opened = update_without_waking()
push_all(opened, refilled)
local open = read_open_indexes(unpack_value(queues))

-- The jobs in the order of the turns: their ids, keys and ranks.
local function jobs_by_turn(turns)
  local ids, keys, ranks = {}, {}, {}
  for i, c in ipairs(turns) do
    local id = c.popped[c.next]
    ids[i] = id
    ranks[i] = tonumber(c.popped[c.next + 1])
    keys[i] = prefix .. 'j/' .. id
    c.next = c.next + 2
  end
  return ids, keys, ranks
end

-- Returns a function that packs the state of a job that starts for the first time. A table of its fields would take
-- twice as long: those that are the same for all of these jobs are packed once, and copied.
local function packer_of_first_starts(serves_all)
  local packed = pack(Started{
    token = '', attempt = 1, base = 0, worker = worker, claimed_at = now, running = true, tenant_id = '', queue = '',
    serves_all = serves_all, cancelled_by = '', reason = '', unfit_since = 0, suspect = false, rank = 0,
  })
  -- Each field that is empty here takes a byte, as does each one from serves_all on.
  local head, attempt, flags = string.sub(packed, 1, 1), string.sub(packed, 3, -9), string.sub(packed, -6, -2)
  local token_head, length
  return function(token, c, queue, rank)
    local names = c.names or pack(c.tenant) .. pack(queue)
    if c.queue then c.names = names end
    if #token ~= length then -- once a call, nearly always
      length, token_head = #token, head .. string.sub(pack(token), 1, -#token - 1)
    end
    return token_head .. token .. attempt .. names .. flags .. pack(rank)
  end
end

-- The state of a job that starts again.
local function start_again(packed, token, rank)
  local s = unpack_value(packed)
  return Started{
    token = token, attempt = s[Started.attempt] + 1, base = s[Started.base], worker = worker, claimed_at = now,
    running = true, tenant_id = s[Started.tenant_id], queue = s[Started.queue], serves_all = open.serves_all,
    cancelled_by = '', reason = '', unfit_since = s[Started.unfit_since], suspect = s[Started.suspect], rank = rank,
  }
end

local function start_leases(turns, ids, keys, ranks)
  local records = call('MGET', unpack(keys))
  local earlier = read('HMGET', 'started', ids)
  local ready, needing = read_any('HMGET', 'ready', ids), read_any('HMGET', 'needing', ids)
  local fence = math.max(call('GET', key('fence')) or 0, now_us - 1)
  local pack_first_start = packer_of_first_starts(open.serves_all)
  local started, leases, slots, waited = {}, {}, {}, 0
  local expires, token_start = string.format('%d', now + lease_ms), claim .. '.'
  for i, c in ipairs(turns) do
    local id, attempt, base, marked = ids[i], 1, 0, false
    local token = token_start .. string.format('%d', fence + i)
    started[2 * i - 1] = id
    if earlier[i] then
      local s = start_again(earlier[i], token, ranks[i])
      started[2 * i] = pack(s)
      attempt, base, marked = s[Started.attempt], s[Started.base], s[Started.suspect]
    else
      started[2 * i] = pack_first_start(token, c, c.queue or c.queue_of[id], ranks[i])
    end
    leases[2 * i - 1], leases[2 * i] = expires, id
    slots[2 * i - 1], slots[2 * i] = '0', c.tenant .. '/' .. id
    local n = 8 * i - 6
    answers[n], answers[n + 1], answers[n + 2] = id, token, attempt
    answers[n + 3], answers[n + 4], answers[n + 5] = base, records[i], marked and 1 or 0
    answers[n + 6] = math.max(0, now - (ready[i] or created_of(records[i])))
    waited = waited + answers[n + 6]
    answers[n + 7] = results_of_needs(needing[i])
  end
  write('HSET', 'started', started)
  write('ZADD', 'leases', leases)
  write('ZADD', 'slots', slots)
  call('SET', claim_key, pack(ids), 'PX', lease_ms)
  call('SET', key('fence'), string.format('%.0f', fence + #turns))
  if #ready > 0 then write('HDEL', 'ready', ids) end
  sum('started', #turns)
  sum('wait_ms', waited)
  publish_events({ running = leases }, {})
end

local function answer_without_jobs()
  local asked = unpack_value(queues)
  wake_others(asked, opened)
  if idle_claim ~= '' then answers[1] = start_waiting(idle_claim, asked, wait_ms) end
  if repairs_left <= 0 then answers[1] = 0 end
  return answers
end

if #open.names == 0 then return answer_without_jobs() end
max = most_starts(open, max)
local candidates = find_candidates(open, max)
local tenants = {}
for i, c in ipairs(candidates) do tenants[i] = c.tenant end
load_policies(tenants)
if open.serves_all then note_only_heads(candidates, tenants) end
local turns, floor = plan_turns(candidates, open, max)
local served = take_from_lanes(candidates, open)
push_all(opened, update_without_waking())
if #turns == 0 then return answer_without_jobs() end

local ids, keys, ranks = jobs_by_turn(turns)
turns = end_expired(turns, ids, keys, ranks)
if #turns > 0 then start_leases(turns, ids, keys, ranks) end
note_starts_in_queues(turns, ids)
write_counts()
local blocks = block_at_limits(served)
charge_starts(served, open, math.max(floor, open.highest), leaving)
leave_emptied(open)
if #turns == 0 then answers[1] = 0 end -- each job had expired: others may be left
local none_to_wake = none_due and #opened == 0 and not next(blocks) and not some_got_full
if none_to_wake and idle_claim == '' then return answers end

local asked = unpack_value(queues)
wake_others(asked, opened)
if idle_claim ~= '' then stop_waiting(idle_claim, asked) end
set_alarm(asked)
return answers
