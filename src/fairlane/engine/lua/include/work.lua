-- work: what workers have counted: how long jobs waited and ran, and how attempts ended.
-- NEEDS base
--   work          hash COUNT -> total over all workers. COUNT is wait/QUEUE/BOUND, run/QUEUE/BOUND or
--                 ended/QUEUE/TASK/OUTCOME (model/work.py). Beyond 20,000 counts, QUEUE and TASK of a new one are *
--   work_reports  hash WORKER -> number of its last report in `work`, so that a repeated report adds nothing
local MOST_COUNTS = 20000

-- report: the number, then COUNT -> what to add.
local function add_work(worker, report)
  if tonumber(call('HGET', key('work_reports'), worker) or 0) >= report[1] then return end
  call('HSET', key('work_reports'), worker, report[1])
  for name, by in pairs(report[2]) do
    if call('HEXISTS', key('work'), name) == 0 and call('HLEN', key('work')) >= MOST_COUNTS then
      local kind, last = string.match(name, '^(%a+)/.*/([^/]+)$')
      name = kind .. (kind == 'ended' and '/*/*/' or '/*/') .. last
    end
    call('HINCRBY', key('work'), name, by)
  end
end
