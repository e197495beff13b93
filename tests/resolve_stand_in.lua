--[[ Runs a Lua script in the stand-in of Resolve, which lives in the test's own process (lua_bridge.py).

Usage: lua resolve_stand_in.lua ASK ANSWER SCRIPT. Every use of an API object is a line to the pipe ASK,
answered by a line of Lua on the pipe ANSWER. That is loaded as code here, since the test wrote it; the
scripts under test never do such a thing. ]]

local ask, answer, script = arg[1], arg[2], arg[3]
local to, from = assert(io.open(ask, "w")), assert(io.open(answer, "r"))
local load, spread = loadstring or load, unpack or table.unpack

local object = {}

local function encode(value)
  if type(value) == "string" then return "s" .. value:gsub("[\\\t\n]", { ["\\"] = "\\\\", ["\t"] = "\\t", ["\n"] = "\\n" }) end
  if type(value) == "number" then return "n" .. string.format("%.17g", value) end
  if type(value) == "boolean" then return "b" .. tostring(value) end
  return "z"
end

local function wrap(value)
  if type(value) ~= "table" then return value end
  for key, one in pairs(value) do
    value[key] = wrap(one)
  end
  return value.__id and setmetatable(value, object) or value
end

local function request(...)
  local words = { ... }
  to:write(table.concat(words, "\t"), "\n")
  to:flush()
  return wrap(assert(load("return " .. assert(from:read("*l"))))())
end

function object.__index(self, name)
  local id = tostring(rawget(self, "__id"))
  local what = request("get", id, name)
  if what ~= "a method" then return what end
  return function(_, ...)
    local words = { "call", id, name }
    for at = 1, select("#", ...) do
      words[#words + 1] = encode((select(at, ...)))
    end
    return request(spread(words))
  end
end

resolve = setmetatable({ __id = 0 }, object)
if os.getenv("WITHOUT_POPEN") then io.popen = nil end
dofile(script)
