--[[ Starts the installed otio-shottag from Lua, which has only a shell line for it: every argument quoted.

Needs io.popen, which a Resolve might not give to its scripts; start() then gives nil. ]]

local process = { windows = package.config:sub(1, 1) == "\\" }

-- Quote one argument for the shell: nothing in it is taken for a command.
function process.quote(argument, windows)
  if argument:find("[%z\r\n]") then error("a path or option holds a line end: " .. argument:gsub("%c", "?"), 0) end
  if not windows then return "'" .. argument:gsub("'", "'\\''") .. "'" end
  -- Microsoft's rules for a program's arguments: backslashes count double before a quote.
  argument = argument:gsub('(\\*)"', '%1%1\\"'):gsub("(\\+)$", "%1%1")
  return '"' .. argument .. '"'
end

-- The whole line; cmd.exe takes off the outermost quotes.
function process.line(arguments, windows)
  local quoted = {}
  for _, argument in ipairs(arguments) do
    quoted[#quoted + 1] = process.quote(argument, windows)
  end
  local line = table.concat(quoted, " ") .. " 2>&1"
  return windows and '"' .. line .. '"' or line
end

-- Run a program to its end and hand each line it says to "hear"; nil where programs cannot be started.
function process.run(arguments, hear)
  if not (io and io.popen) then return nil end
  local started, pipe = pcall(io.popen, process.line(arguments, process.windows), "r")
  if not (started and pipe) then return nil end
  for said in pipe:lines() do
    hear((said:gsub("%s+$", "")))
  end
  pipe:close()
  return true
end

function process.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

-- How the names of this run's files begin, in the folder for temporary ones.
function process.temporary()
  if not process.windows then return os.tmpname() end
  math.randomseed(os.time())
  return string.format("%s\\otio-shottag-%d-%06d", os.getenv("TEMP") or ".", os.time(), math.random(0, 999999))
end

return process
