"""Lint, format, types and all tests, with the Python that runs this: ``python tests/run.py``.

Arguments go to pytest. The benchmarks and training runs are not part of it.
"""

import subprocess
import sys
from pathlib import Path

STEPS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("pytest", "-q", "-n", "auto", "--dist", "loadgroup"),
)


def main() -> int:
    root = Path(__file__).parent.parent
    for step in STEPS:
        more = sys.argv[1:] if step[0] == "pytest" else []
        print("$", *step, *more, flush=True)
        ended = subprocess.run([sys.executable, "-m", *step, *more], cwd=root, check=False)
        if ended.returncode:
            return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
