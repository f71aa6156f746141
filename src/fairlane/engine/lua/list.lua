#!lua flags=no-writes
-- list: a page of a listing: jobs and their records at one moment. It ends at `limit` jobs, at `max_bytes`, or after
-- `most` places that were looked at.
-- KEYS prefix
-- ARGV at listing asked after limit most max_bytes include
-- RETURNS the last place (false: the listing has ended), then for each job: text and number of its place, id, record,
--   started, result, lease expiry, due time, progress
-- EVENTS
-- NEEDS base job walks batches
-- listing: a state, or '' for all jobs; asked: msgpack Asked; after: msgpack place where the page before ended, or ''
-- include: payload, result, both or neither. What is not included is not read, if it is large.
local wanted = unpack_value(asked)
local tenant, queue, batch = wanted[Asked.tenant_id], wanted[Asked.queue], wanted[Asked.batch_id]
local last = after ~= '' and unpack_value(after) or nil
local with_payload, with_result = string.match(include, 'payload') ~= nil, string.match(include, 'result') ~= nil

-- Bytes of a record that are read at first, and of a result: all of an error, whose text has 8 KiB at most.
local SHORT_RECORD, SHORT_RESULT = 1024, 10240

-- What looking at the place of a deleted job costs, beside a job that exists.
local DELETED = 0.2

local function begin_walk()
  if batch ~= '' then return walk_scores('members/' .. batch, '', true, last) end
  if listing == '' then
    local before = wanted[Asked.created_to]
    return walk_order(tenant, last and last[2] or before > 0 and before or nil)
  end
  if listing == 'pending' then return walk_lanes(tenant, queue, last) end
  if listing == 'running' then return walk_names('slots', tenant ~= '' and tenant .. '/' or '', last and last[1]) end
  local name = tenant ~= '' and listing .. '/' .. tenant or listing
  return walk_scores(name, '', listing ~= 'scheduled', last)
end

-- The record of a job, without its payload unless that is asked for; nil if there is none.
local function read_record(id)
  local name = key('j/' .. id)
  local record = call('GETRANGE', name, 0, with_payload and -1 or SHORT_RECORD - 1)
  if record == '' then return nil end
  local header_end = HEADER_AT + struct.unpack('>H', record, HEADER_AT - 1)
  if with_payload then return record end
  if #record < header_end then return call('GETRANGE', name, 0, header_end - 1) end
  return string.sub(record, 1, header_end)
end

local function has_tag(record)
  for _, tag in ipairs(header_of(record)[Header.tags]) do
    if tag == wanted[Asked.tag] then return true end
  end
  return false
end

local function matches(record)
  local _, its_tenant, its_queue, its_task = Header.unpack(record, HEADER_AT, 'tenant_id', 'queue', 'task')
  local created = created_of(record)
  return (tenant == '' or tenant == its_tenant)
    and (queue == '' or queue == its_queue)
    and (wanted[Asked.task] == '' or wanted[Asked.task] == its_task)
    and (wanted[Asked.key] == '' or wanted[Asked.key] == header_of(record)[Header.key])
    and (wanted[Asked.tag] == '' or has_tag(record))
    and created >= wanted[Asked.created_from]
    and (wanted[Asked.created_to] == 0 or created < wanted[Asked.created_to])
end

-- The other walks go through jobs of one state.
local function has_state(place)
  if batch == '' or listing == '' then return true end
  if STANDING[listing] or place[2] >= STANDING.completed then return place[2] == STANDING[listing] end
  if call('ZSCORE', key('leases'), place[3]) then return listing == 'running' end
  return listing == (call('ZSCORE', key('scheduled'), place[3]) and 'scheduled' or 'pending')
end

local function read_result(id)
  local packed = call('GETRANGE', key('r/' .. id), 0, with_result and -1 or SHORT_RESULT - 1)
  if packed == '' then return false end
  if with_result then return packed end
  local _, token, attempt, base, worker, claimed_at, state, reason, ended_at, outcome = Ended.unpack(packed, 0,
    'token', 'attempt', 'base', 'worker', 'claimed_at', 'state', 'reason', 'ended_at', 'outcome')
  if state ~= 'completed' then return packed end
  return pack(Ended{
    token = token, attempt = attempt, base = base, worker = worker, claimed_at = claimed_at,
    state = state, reason = reason, ended_at = ended_at, outcome = outcome, body = '',
  })
end

-- The jobs of the page as {place, record, result, progress}, and the last place if there are more.
local function collect()
  local next_place, jobs, bytes, looked_at, first = begin_walk(), {}, 0, 0, last
  while true do
    local place = next_place()
    local is_past = place and batch == '' and listing == '' and place[2] and place[2] < wanted[Asked.created_from]
    if not place or is_past then return jobs, false end
    local is_full = #jobs >= tonumber(limit) or bytes >= tonumber(max_bytes)
    if is_full or (looked_at >= tonumber(most) and last ~= first) then return jobs, last end
    looked_at = looked_at + (place[1] and 1 or DELETED)
    if place[1] then last = place end
    local id = place[3] or ''
    local record = id ~= '' and has_state(place) and read_record(id)
    if record and matches(record) then
      local result, progress = read_result(id), call('HGET', key('x/' .. id), 'p')
      push(jobs, { place, record, result, progress })
      bytes = bytes + #record + (result and #result or 0) + (progress and #progress or 0)
    end
  end
end

local jobs, reached = collect()
local ids = {}
for i, job in ipairs(jobs) do ids[i] = job[1][3] end
local started, leases = read('HMGET', 'started', ids), read('ZMSCORE', 'leases', ids)
local due = read('ZMSCORE', 'scheduled', ids)
local answers = { reached and { reached[1], number_text(reached[2]), reached[3] } }
for i, job in ipairs(jobs) do
  local place = job[1]
  push_all(answers, { place[1], number_text(place[2]), place[3] })
  push_all(answers, { job[2], started[i], job[3], leases[i], due[i], job[4] })
end
return answers
