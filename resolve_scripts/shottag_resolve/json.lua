--[[ A reader of JSON (RFC 8259) in plain Lua 5.1: text -> tables, strings, numbers, booleans.

What it reads comes from outside, so it is never run as code. null becomes nil, and so does not
show in a table. Raises an error that says at which character the text is no JSON. ]]

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }
local DEEPEST = 200 -- levels; deeper is no file of ours

local function wrong(at)
  error("no JSON at character " .. at, 0)
end

local function utf8(code)
  local char, floor = string.char, math.floor
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
  end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

local function read_string(text, at)
  local parts = {}
  while true do
    local stop = text:find('["\\]', at)
    if not stop then wrong(at) end
    parts[#parts + 1] = text:sub(at, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local letter = text:sub(stop + 1, stop + 1)
    at = stop + 2
    if letter == "u" then
      local code = tonumber(text:match("^%x%x%x%x", at) or wrong(stop), 16)
      at = at + 4
      local low = code >= 0xD800 and code < 0xDC00 and text:match("^\\u([dD][c-fC-F]%x%x)", at)
      if low then -- two halves of one letter
        code = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00
        at = at + 6
      end
      parts[#parts + 1] = utf8(code)
    else
      parts[#parts + 1] = ESCAPES[letter] or wrong(stop)
    end
  end
end

local read_value

local function skip(text, at)
  return text:find("[^ \t\r\n]", at) or wrong(#text)
end

-- Read "a, b, c" up to "closing"; "one" reads a member and puts it into "into".
local function read_members(text, at, closing, into, one)
  at = skip(text, at)
  if text:sub(at, at) == closing then return into, at + 1 end
  while true do
    at = skip(text, one(at))
    local mark = text:sub(at, at)
    if mark == closing then return into, at + 1 end
    if mark ~= "," then wrong(at) end
    at = skip(text, at + 1)
  end
end

function read_value(text, at, depth)
  at = skip(text, at)
  if depth > DEEPEST then wrong(at) end
  local mark = text:sub(at, at)
  if mark == '"' then return read_string(text, at + 1) end
  if mark == "{" then
    local object = {}
    return read_members(text, at + 1, "}", object, function(from)
      if text:sub(from, from) ~= '"' then wrong(from) end
      local key, colon = read_string(text, from + 1)
      colon = skip(text, colon)
      if text:sub(colon, colon) ~= ":" then wrong(colon) end
      object[key], from = read_value(text, colon + 1, depth + 1)
      return from
    end)
  end
  if mark == "[" then
    local list, length = {}, 0
    return read_members(text, at + 1, "]", list, function(from)
      length = length + 1
      list[length], from = read_value(text, from, depth + 1)
      return from
    end)
  end
  for word, value in pairs({ ["true"] = true, ["false"] = false, ["null"] = "null" }) do
    if text:sub(at, at + #word - 1) == word then
      if value == "null" then value = nil end
      return value, at + #word
    end
  end
  local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  if not number or not tonumber(number) then wrong(at) end
  return tonumber(number), at + #number
end

return function(text)
  local value, at = read_value(text, 1, 0)
  if text:find("[^ \t\r\n]", at) then wrong(at) end
  return value
end
