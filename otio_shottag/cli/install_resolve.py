"""``otio-shottag install-resolve``: put the menu scripts into DaVinci Resolve, or take them off."""

from pathlib import Path

import click

from otio_shottag.errors import InstallError


@click.command(name="install-resolve")
@click.option("--system", "everyone", is_flag=True, help="Into the folder of all users of this machine; may need sudo.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Into DIR: Fusion/Scripts/Utility of a Resolve that lies elsewhere.",
)
@click.option("--uninstall", "is_removal", is_flag=True, help="Take off what this command installed, and nothing else.")
def command(everyone: bool, into: Path | None, is_removal: bool) -> None:
    """Put Tag Shots, Tag Selected Track and Remove Shot Tags into DaVinci Resolve's Workspace > Scripts.

    Run it again after an upgrade. Settings that are there already stay as they are.
    """
    from otio_shottag.resolve_install import SETTINGS_FILE, faults, find_resolve, install, script_folder, uninstall

    if everyone and into is not None:
        raise click.UsageError("--system and --into name two folders; give one")
    folder = into.absolute() if into is not None else script_folder(everyone=everyone)
    if is_removal:
        gone, left = uninstall(folder)
        for path in gone:
            click.echo(f"removed {path}")
        for path in left:
            click.echo(f"left {path}: changed since it was installed")
        return
    for path in install(folder):
        click.echo(f"wrote {path}")
    wrong = faults(folder)
    if wrong:
        raise InstallError("; ".join(wrong))
    click.echo("checked: the scripts are in place, and the command they start answers")
    if find_resolve() is None and into is None:
        click.echo("DaVinci Resolve itself is not where its installer puts it; --into names the folder of another.")
    click.echo(f"""
Next, in DaVinci Resolve: open a timeline, then Workspace > Scripts > Tag Shots. Nothing needs a restart.
You should see markers named like "MCU 92%", and progress in Workspace > Console.
Where an entry stands twice, Resolve lists the Python and the Lua script; either does the same.
Options: {folder / SETTINGS_FILE}""")
