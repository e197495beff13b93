"""The parts of the Lua scripts that other languages bring with them: reading JSON, quoting a command."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otio_shottag.resolve_install import shipped_scripts

SHARED = shipped_scripts() / "shottag_resolve"

WRITE_BACK = """
local function write(value)
  if type(value) == "string" then
    return '"' .. value:gsub('[%c"\\\\\\\\]', function(c) return ("\\\\u%04x"):format(c:byte()) end) .. '"'
  end
  if type(value) ~= "table" then return type(value) == "number" and ("%.17g"):format(value) or tostring(value) end
  local parts = {}
  if #value > 0 then
    for _, one in ipairs(value) do parts[#parts + 1] = write(one) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, one in pairs(value) do parts[#parts + 1] = write(key) .. ":" .. write(one) end
  return "{" .. table.concat(parts, ",") .. "}"
end
local good, read = pcall(dofile(arg[1]), io.read("*a"))
io.write(good and write(read) or "refused: " .. tostring(read))
"""


@pytest.fixture(params=["luajit", "lua5.4"])
def lua(request) -> str:
    found = shutil.which(request.param)
    if found is None:
        pytest.skip(f"no {request.param} on this machine")
    return found


def run(lua: str, folder: Path, code: str, *arguments: str, given: str = "") -> str:
    script = folder / "test.lua"
    script.write_text(code, encoding="utf-8")
    ended = subprocess.run(
        [lua, str(script), *arguments], input=given.encode(), capture_output=True, check=True, cwd=folder
    )
    return ended.stdout.decode()


CONTENT = {
    "plain": "MCU 92%", "japanese": "猫 → 夜", "beyond": "🎬", "quotes": 'say "hi" \\ /', "lines": "a\nb\tc\x01",
    "numbers": [0, -1, 1.5, 1e-07, 12345678, 0.923456], "truth": [True, False], "deep": {"a": [{"b": {"c": [1]}}]},
}  # fmt: skip


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_comes_back_as_it_was(lua, tmp_path, ascii_only, indent):
    """What Python writes as JSON, escaped or not, Lua reads as the same texts, numbers, lists and objects."""
    text = json.dumps(CONTENT, ensure_ascii=ascii_only, indent=indent)
    assert json.loads(run(lua, tmp_path, WRITE_BACK, str(SHARED / "json.lua"), given=text)) == CONTENT


def test_null_is_nothing(lua, tmp_path):
    """null reads as nothing, and the rest of its object stays."""
    assert run(lua, tmp_path, WRITE_BACK, str(SHARED / "json.lua"), given='{"a": null, "b": 1}') == '{"b":1}'


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"a" 1}', '{"a": 1,}', "[1 2]", '"open', '"\\q"', '"\\u12g4"', "nope", "1 2", "[" * 5000, "os.exit()"],
)
def test_what_is_no_json_is_refused(lua, tmp_path, text):
    """Text that is no JSON, or nested beyond reason, is an error with its place, and never runs."""
    assert run(lua, tmp_path, WRITE_BACK, str(SHARED / "json.lua"), given=text).startswith(
        "refused: no JSON at character"
    )


NASTY = [
    "a b",
    "it's",
    'say "x"',
    "$HOME",
    "`id`",
    "$(id)",
    ";id",
    "*",
    "a\\",
    'b\\"',
    "",
    "100%",
    "猫 #1",
    "-x",
    "&|<>^",
]


@pytest.mark.skipif(sys.platform == "win32", reason="the shell of this test is POSIX")
def test_a_started_program_gets_its_arguments_as_they_are(lua, tmp_path):
    """Whatever an argument holds, the shell hands it on as it is."""
    echo = tmp_path / "echo.py"
    echo.write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))", encoding="utf-8")
    code = f"""
    local process = dofile({json.dumps(str(SHARED / "process.lua"))})
    process.run({{ ... }}, function(line) print(line) end)
    """
    assert json.loads(run(lua, tmp_path, code, sys.executable, str(echo), *NASTY)) == NASTY


def test_windows_arguments_follow_microsofts_rules(lua, tmp_path):
    """Quoted for Windows, each argument reads back by its runtime's rules, inside the quotes that cmd takes off."""
    code = f"""
    local process = dofile({json.dumps(str(SHARED / "process.lua"))})
    io.write(process.line({{ ... }}, true))
    """
    line = run(lua, tmp_path, code, r"C:\Program Files\py.exe", *NASTY)
    assert line[0] == line[-1] == '"'
    assert line[1:-1].endswith(" 2>&1")
    assert split_as_windows(line[1:-1].removesuffix(" 2>&1")) == [r"C:\Program Files\py.exe", *NASTY]


def split_as_windows(line: str) -> list[str]:
    """Split a command line as CommandLineToArgvW documents it."""
    arguments, current, quoted, slashes, begun = [], "", False, 0, False
    for letter in line:
        if letter == "\\":
            slashes += 1
            begun = True
            continue
        if letter == '"':
            current += "\\" * (slashes // 2)
            if slashes % 2:
                current += '"'
            else:
                quoted = not quoted
            slashes, begun = 0, True
            continue
        current += "\\" * slashes
        slashes = 0
        if letter == " " and not quoted:
            if begun:
                arguments.append(current)
            current, begun = "", False
        else:
            current += letter
            begun = True
    return [*arguments, current + "\\" * slashes] if begun else arguments


def test_a_line_end_in_an_argument_is_refused(lua, tmp_path):
    """An argument with a line end would be a second command, and is an error."""
    code = f"""
    local process = dofile({json.dumps(str(SHARED / "process.lua"))})
    print(pcall(process.quote, "a\\nid", false))
    """
    assert run(lua, tmp_path, code).startswith("false\ta path or option holds a line end")
