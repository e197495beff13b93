"""Lends the stand-in of Resolve to a Lua script: answers its calls over two pipes, one line each."""

import os
import subprocess
import threading
from pathlib import Path
from typing import Any

from tests.resolve_projects import TESTS, Ended, Menu
from tests.resolve_stand_in import Object, Resolve


def click_lua(menu: Menu, entry: str, state: dict, *, lua: str, **environment: str) -> Ended:
    """Start the Lua script of a menu entry in a real Lua, with a project open."""
    folder = menu.home.parent
    ask, answer = folder / "ask", folder / "answer"
    for pipe in (ask, answer):
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
    failed: list[BaseException] = []
    thread = threading.Thread(target=_serve, args=(ask, answer, state, failed), daemon=True)
    thread.start()
    ended = subprocess.run(
        [lua, str(TESTS / "resolve_stand_in.lua"), str(ask), str(answer), str(menu.scripts / f"{entry}.lua")],
        env={**menu.environment(), **environment}, cwd=menu.home, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    thread.join(timeout=30)
    assert not failed, failed
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "traceback" not in ended.stdout + ended.stderr
    return menu.ended(state, ended.stdout)


def _serve(ask: Path, answer: Path, state: dict, failed: list[BaseException]) -> None:
    objects: list[Any] = [Resolve(state, {"id": "resolve", "markers": {}})]

    def literal(value: Any) -> str:
        """Write a value as Lua does; an object becomes its number."""
        if isinstance(value, Object):
            objects.append(value)
            return f"{{__id={len(objects) - 1}}}"
        if isinstance(value, str):
            return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'
        if isinstance(value, dict):
            return "{" + ",".join(f"[{literal(key)}]={literal(one)}" for key, one in value.items()) + "}"
        if isinstance(value, list):
            return "{" + ",".join(map(literal, value)) + "}"
        if value is None:
            return "nil"
        return str(value).lower() if isinstance(value, bool) else repr(value)

    try:
        with ask.open(encoding="utf-8", newline="\n") as asked, answer.open("w", encoding="utf-8") as answers:
            for line in asked:
                what, number, name, *arguments = line.rstrip("\n").split("\t")
                found = getattr(objects[int(number)], name)
                if what == "call":
                    said = literal(found(*map(_decoded, arguments)))
                else:
                    said = '"a method"' if callable(found) else literal(found)
                answers.write(said + "\n")
                answers.flush()
    except BaseException as error:  # whatever it is, the test must hear of it: this is a thread
        failed.append(error)


def _decoded(argument: str) -> Any:
    kind, rest = argument[0], argument[1:]
    if kind == "s":
        return rest.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\0", "\\")
    if kind == "n":
        return float(rest) if "." in rest or "e" in rest else int(rest)
    return rest == "true" if kind == "b" else None
