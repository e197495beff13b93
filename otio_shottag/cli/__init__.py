"""The command line: ``otio-shottag CUT`` and its other verbs, a file each.

Verbs are loaded when they are called, and load torch, OTIO and PyAV only when they work: asking
for help must not wait for them.
"""

import io
import sys
from importlib import import_module
from importlib.metadata import version

import click

from otio_shottag.errors import ShottagError

_VERBS = {
    "tag": ("otio_shottag.cli.tag", "Tag every shot of a cut with its size (what a bare CUT does)."),
    "report": ("otio_shottag.cli.report", "Draw a page of a cut, or of several side by side, to look at."),
    "list": ("otio_shottag.cli.listing", "List the shots of a cut, frame-accurate, without judging them."),
    "stills": ("otio_shottag.cli.stills", "Judge the sizes of pictures: files or folders."),
    "heatmaps": ("otio_shottag.cli.heatmaps", "Show what in pictures or shots made the judge say their size."),
    "strip": ("otio_shottag.cli.strip", "Take our marks off a tagged cut again."),
    "train": ("otio_shottag.cli.train", "Teach the judge your own stills, or train one from ImageNet weights."),
    "evaluate": ("otio_shottag.cli.evaluate", "Say how often a checkpoint is right on labelled stills."),
    "export-onnx": ("otio_shottag.cli.export_onnx", "Write a checkpoint as ONNX, checked against torch."),
    "cache": ("otio_shottag.cli.cache", "Show or clear what earlier runs left, so that nothing is judged twice."),
    "install-resolve": ("otio_shottag.cli.install_resolve", "Put Tag Shots into DaVinci Resolve's script menu."),
    "doctor": ("otio_shottag.cli.doctor", "Say what is installed here, what is missing and what to do."),
}


class _Verbs(click.Group):
    """A group whose verbs are loaded on demand, and whose default verb is ``tag``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        command: click.Command = import_module(_VERBS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _VERBS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # "otio-shottag cut.otio" and "otio-shottag -o out.edl cut.otio" mean the verb "tag".
        if args and args[0] not in _VERBS and args[0] not in ("--help", "-h", "--version"):
            args = ["tag", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=False,
    no_args_is_help=True,
    options_metavar="",
    subcommand_metavar="CUT [OPTIONS]  |  COMMAND [ARGS]",
)
@click.version_option(version("otio-shottag"), prog_name="otio-shottag")
def cli() -> None:
    """Tags every shot of an editor's cut with its size, from extreme wide to extreme close-up.

    otio-shottag CUT reads an .otio, .edl, .xml, .fcpxml, .aaf or .ale, looks at a few frames of each shot, and
    writes cut.tagged.otio beside it, with a marker on every shot.
    """


def main() -> None:
    """Run the command line; exit 0 done, 1 cannot, 2 wrong usage, 3 done with skips under --strict."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that cannot say "→" or a clip's Japanese name gets a "?" for it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        sys.exit(cli(prog_name="otio-shottag", standalone_mode=False))
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ShottagError as error:
        click.echo(f"otio-shottag: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output, such as "head", has seen enough
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # our own output: a full disk behind ">"
        click.echo(f"otio-shottag: {error.strerror or error}", err=True)
        sys.exit(1)
