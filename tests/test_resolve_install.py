"""The scripts get into Resolve's menu and out of it again, from a checkout and a wheel, and doctor looks at them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from otio_shottag.cli import cli
from otio_shottag.errors import InstallError
from otio_shottag.resolve_install import (
    COMMAND_FILE,
    SCRIPTS,
    SETTINGS_FILE,
    faults,
    find_resolve,
    install,
    own_command,
    script_folder,
    shipped_scripts,
    uninstall,
)

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("platform", "everyone", "environment", "expected"),
    [
        ("linux", False, {"HOME": "/home/ed"}, "/home/ed/.local/share/DaVinciResolve/Fusion/Scripts/Utility"),
        ("linux", True, {}, "/opt/resolve/Fusion/Scripts/Utility"),
        (
            "darwin", False, {"HOME": "/Users/ed"},
            "/Users/ed/Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion/Scripts/Utility",
        ),
        (
            "darwin", True, {},
            "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion/Scripts/Utility",
        ),
        (
            "win32", False, {"APPDATA": "C:/Users/ed/AppData/Roaming"},
            "C:/Users/ed/AppData/Roaming/Blackmagic Design/DaVinci Resolve/Support/Fusion/Scripts/Utility",
        ),
        (
            "win32", True, {"PROGRAMDATA": "C:/ProgramData"},
            "C:/ProgramData/Blackmagic Design/DaVinci Resolve/Fusion/Scripts/Utility",
        ),
    ],
)  # fmt: skip
def test_resolves_folders(platform, everyone, environment, expected):
    """On each system the user's and everyone's folder are those that Resolve's scripting README names."""
    assert script_folder(everyone=everyone, platform=platform, environment=environment).as_posix() == expected


def test_windows_without_its_folders_is_said():
    """A Windows that does not name its folders gets told about --into."""
    with pytest.raises(InstallError, match="--into"):
        script_folder(platform="win32", environment={})


def run(*arguments: object):
    return CliRunner().invoke(cli, ["install-resolve", *map(str, arguments)])


def test_install_says_what_it_wrote_and_what_comes_next(tmp_path):
    """install-resolve copies the scripts, names the command, checks it, and says which menu to open."""
    folder = tmp_path / "リゾルブ #1" / "Utility"
    answer = run("--into", folder)
    assert answer.exit_code == 0, answer.output
    assert sorted(path.name for path in folder.iterdir()) == sorted([*SCRIPTS, COMMAND_FILE, SETTINGS_FILE])
    for name in SCRIPTS:
        assert (folder / name).read_bytes() == (shipped_scripts() / name).read_bytes()
    record = json.loads((folder / COMMAND_FILE).read_text(encoding="utf-8"))
    assert record["command"] == own_command()
    assert Path(record["scripts"], "shottag_resolve", "menu.py").is_file()
    assert "Workspace > Scripts > Tag Shots" in answer.output
    assert "the command they start answers" in answer.output
    assert faults(folder) == []


def test_settings_are_written_once(tmp_path):
    """A second install leaves the settings as somebody made them, and renews the scripts."""
    install(tmp_path)
    (tmp_path / SETTINGS_FILE).write_text('{"track": "V2"}', encoding="utf-8")
    assert run("--into", tmp_path).exit_code == 0
    assert (tmp_path / SETTINGS_FILE).read_text(encoding="utf-8") == '{"track": "V2"}'


def test_somebodys_script_is_not_written_over(tmp_path):
    """A script of the same name that is not ours stays, and the message names it."""
    (tmp_path / SCRIPTS[0]).write_text("print('mine')", encoding="utf-8")
    with pytest.raises(InstallError, match=r"Tag Shots\.py: is not ours"):
        install(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SCRIPTS[0]]


def test_an_older_version_of_ours_is_replaced(tmp_path):
    """A script that an older install wrote, and nobody changed, is brought up to date."""
    install(tmp_path)
    record = json.loads((tmp_path / COMMAND_FILE).read_text(encoding="utf-8"))
    (tmp_path / SCRIPTS[0]).write_bytes(b"# older\n")
    with pytest.raises(InstallError):  # somebody else changed it, for all that is known
        install(tmp_path)
    record["files"][SCRIPTS[0]] = hashlib.sha256(b"# older\n").hexdigest()
    (tmp_path / COMMAND_FILE).write_text(json.dumps(record), encoding="utf-8")
    install(tmp_path)
    assert faults(tmp_path) == []


def test_uninstall_takes_off_only_what_it_wrote(tmp_path):
    """--uninstall leaves other people's scripts, and those of ours that somebody changed, and says so."""
    install(tmp_path)
    (tmp_path / "Their Script.py").write_text("print('mine')", encoding="utf-8")
    (tmp_path / SETTINGS_FILE).write_text('{"track": "V2"}', encoding="utf-8")
    answer = run("--into", tmp_path, "--uninstall")
    assert answer.exit_code == 0, answer.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Their Script.py", SETTINGS_FILE]
    assert f"left {tmp_path / SETTINGS_FILE}: changed since it was installed" in answer.output
    with pytest.raises(InstallError, match="nothing of otio-shottag is installed there"):
        uninstall(tmp_path)


def test_two_folders_are_one_too_many(tmp_path):
    """--system and --into together are refused."""
    assert run("--system", "--into", tmp_path).exit_code == 2


def test_a_file_in_the_way_of_the_folder(tmp_path):
    """A file where the folder should be is one line, not a traceback."""
    (tmp_path / "Utility").write_text("", encoding="utf-8")
    with pytest.raises(InstallError, match="cannot be made"):
        install(tmp_path / "Utility")


def doctor(folder: Path, monkeypatch) -> tuple[int, str]:
    monkeypatch.setenv("HOME", str(folder / "nobody"))
    answer = CliRunner().invoke(cli, ["doctor", "--into", str(folder)])
    return answer.exit_code, "\n".join(line for line in answer.output.splitlines() if line[6:].startswith("Resolve"))


def test_doctor_finds_a_good_installation(tmp_path, monkeypatch):
    """doctor names the folder and says that the command answers."""
    install(tmp_path)
    code, said = doctor(tmp_path, monkeypatch)
    assert f"ok    Resolve scripts: in {tmp_path}, and their command answers" in said
    assert code == 0


def test_doctor_is_content_without_resolve(tmp_path, monkeypatch):
    """Without Resolve and scripts nothing is amiss."""
    monkeypatch.setattr("otio_shottag.resolve_install.find_resolve", lambda: None)
    code, said = doctor(tmp_path, monkeypatch)
    assert said == "ok    Resolve: not found here; fine, unless you use it"
    assert code == 0


def test_doctor_says_how_to_get_the_scripts(tmp_path, monkeypatch):
    """With Resolve there and no scripts, doctor names the command that brings them."""
    monkeypatch.setattr("otio_shottag.resolve_install.find_resolve", lambda: tmp_path / "resolve")
    _, said = doctor(tmp_path, monkeypatch)
    assert f"ok    Resolve: {tmp_path / 'resolve'}" in said
    assert "not in its menu; otio-shottag install-resolve puts them there" in said


def broken_command(folder: Path) -> None:
    record = json.loads((folder / COMMAND_FILE).read_text(encoding="utf-8"))
    record["command"] = [str(folder / "gone"), "-m", "otio_shottag"]
    (folder / COMMAND_FILE).write_text(json.dumps(record), encoding="utf-8")


def other_version(folder: Path) -> None:
    record = json.loads((folder / COMMAND_FILE).read_text(encoding="utf-8"))
    (folder / COMMAND_FILE).write_text(json.dumps({**record, "otio_shottag": "0.0.1"}), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (broken_command, "does not answer"),
        (other_version, "names another installation"),
        (lambda folder: (folder / SCRIPTS[1]).unlink(), "Tag Selected Track.py"),
        (lambda folder: (folder / SCRIPTS[0]).write_text("old", encoding="utf-8"), "not of this version"),
        (lambda folder: (folder / COMMAND_FILE).unlink(), "is missing or broken"),
        (lambda folder: (folder / COMMAND_FILE).write_text("[1", encoding="utf-8"), "is missing or broken"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, harm, found):
    """Each way in which scripts and command fall apart is named, with what to run."""
    install(tmp_path)
    harm(tmp_path)
    (said,) = faults(tmp_path)
    assert found in said
    assert "run otio-shottag install-resolve again" in said


def test_doctor_fails_where_they_do_not_fit(tmp_path, monkeypatch):
    """doctor shows such a fault as FAIL, and exits with 1."""
    install(tmp_path)
    broken_command(tmp_path)
    code, said = doctor(tmp_path, monkeypatch)
    assert "FAIL  Resolve scripts: the command that" in said
    assert code == 1


def test_a_resolve_that_is_there_is_found(tmp_path):
    """Resolve is looked for where its installer puts it."""
    program = tmp_path / "Blackmagic Design" / "DaVinci Resolve" / "Resolve.exe"
    program.parent.mkdir(parents=True)
    program.touch()
    assert find_resolve(platform="win32", environment={"PROGRAMFILES": str(tmp_path)}) == program
    assert find_resolve(platform="win32", environment={"PROGRAMFILES": str(tmp_path / "x")}) is None


def test_the_command_minds_no_python_of_resolves(tmp_path):
    """The command starts although Resolve sets PYTHONHOME and PYTHONPATH for a Python of its own."""
    (tmp_path / "otio_shottag.py").write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    ended = subprocess.run(
        [*own_command(), "--version"],
        env={**os.environ, "PYTHONHOME": str(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.startswith("otio-shottag, version"), ended.stderr


def test_a_wheel_brings_the_scripts(tmp_path):
    """Installed from a wheel, without a checkout, install-resolve puts the same scripts into the menu."""
    source = tmp_path / "source"
    for name in ("otio_shottag", "resolve_scripts"):
        left_out = shutil.ignore_patterns("__pycache__", "*.safetensors")  # 57 MB that this test does not need
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip"]
    built = subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "satisfies the requirement setuptools" in built.stderr:
        pytest.skip("setuptools cannot be had to build a wheel with")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    scratch = tmp_path / "scratch venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(scratch)], check=True)
    python = next(path for path in scratch.glob("[bS]*/python*") if path.stem == "python")
    install_wheel = ["--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*pip, *install_wheel], check=True)
    # The libraries it needs are those of this venv, but the package itself must be the wheel's.
    packages = next(scratch.rglob("site-packages"))
    (packages / "libraries.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    folder = tmp_path / "Utility"
    ended = subprocess.run(
        [str(python), "-m", "otio_shottag", "install-resolve", "--into", str(folder)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted([*SCRIPTS, COMMAND_FILE, SETTINGS_FILE])
    record = json.loads((folder / COMMAND_FILE).read_text(encoding="utf-8"))
    assert record["command"][0] == str(python)
    assert Path(record["scripts"]).is_relative_to(scratch)
    modules = sorted(path.name for path in (shipped_scripts() / "shottag_resolve").glob("*.*"))
    assert sorted(path.name for path in Path(record["scripts"], "shottag_resolve").glob("*.*")) == modules
