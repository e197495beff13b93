--[[ What the editor reads: lines on Resolve's console, and a log of the last run. As console.py. ]]

return function(title)
  local console = { path = (os.getenv("HOME") or os.getenv("USERPROFILE") or ".") .. "/otio-shottag-resolve.log" }
  local log = io.open(console.path, "wb")

  -- Keep a line in the log only.
  function console.note(text)
    if log then
      log:write(text, "\n")
      log:flush()
    end
  end

  -- Print a line, and keep it in the log.
  function console.say(text)
    print(text)
    console.note(text)
  end

  -- Say why it ended, in one sentence, and where the log is.
  function console.fail(sentence)
    console.say(title .. ": " .. sentence)
    if log then print("The log: " .. console.path) end
  end

  -- Name the first three of a list, and all of it in the log.
  function console.tell(which, what)
    if #which > 0 then
      local more = #which > 3 and string.format(" and %d more", #which - 3) or ""
      console.say(string.format("  %d %s: %s%s", #which, what, table.concat(which, "; ", 1, math.min(3, #which)), more))
      console.note("  " .. what .. ": " .. table.concat(which, "; "))
    end
  end

  function console.close()
    if log then log:close() end
  end

  console.note(title .. ", " .. os.date("%Y-%m-%d %H:%M:%S") .. ", " .. _VERSION)
  return console
end
