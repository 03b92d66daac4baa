-- Asks tailban's HTTP gate before HAProxy (2.5 or newer, with Lua) serves a request; docs/requests.md has the lines for
-- haproxy.cfg. TAILBAN_GATE is http.gate.listen, TAILBAN_KEY is http.gate.key, where there is one.
--
-- While tailban does not answer, everybody is served.

local gate = os.getenv("TAILBAN_GATE") or "http://127.0.0.1:4002"
local key = os.getenv("TAILBAN_KEY")
local TIMEOUT_MS = 1000
-- HAProxy tries a gate that is gone for 3 s; for so many seconds after that, or after an answer that is none (a wrong key),
-- it is not asked again.
local PAUSE = 5
local asleep_until = 0

local function first(headers, name)
  local values = headers[name]
  return values and values[0]
end

-- All lines of a header in their order, as one.
local function joined(headers, name)
  local values = headers[name]
  if not values then return nil end
  local lines = {}
  local index = 0
  while values[index] do
    lines[#lines + 1] = values[index]
    index = index + 1
  end
  return table.concat(lines, ", ")
end

core.register_action("tailban", { "http-req" }, function(txn)
  if core.now().sec < asleep_until then return end
  local headers = txn.http:req_get_headers()
  local before = joined(headers, "x-forwarded-for")
  local peer = tostring(txn.sf:src())
  local question = {
    ["x-forwarded-for"] = { before and (before .. ", " .. peer) or peer },
    ["x-forwarded-method"] = { txn.sf:method() },
    ["x-forwarded-uri"] = { txn.sf:path() },
    ["x-request-id"] = { txn.sf:unique_id() },
  }
  for _, name in ipairs({ "authorization", "forwarded" }) do
    local value = joined(headers, name)
    if value then question[name] = { value } end
  end
  if key then question["x-api-key"] = { key } end
  local answer = core.httpclient():get({ url = gate .. "/forward-auth", headers = question, timeout = TIMEOUT_MS })
  local status = answer and answer.status or 503
  if status == 204 then return end
  if status ~= 401 and status ~= 403 and status ~= 429 then
    asleep_until = core.now().sec + PAUSE
    txn:Warning("tailban does not answer, so everybody is served: " .. status .. " " .. (answer and answer.body or ""))
    return
  end
  txn:set_var("txn.tailban", tostring(status))
  txn:set_var("txn.tailban_retry", first(answer.headers, "retry-after") or "")
  txn:set_var("txn.tailban_rate", first(answer.headers, "ratelimit") or "")
  txn:set_var("txn.tailban_policy", first(answer.headers, "ratelimit-policy") or "")
end, 0)
