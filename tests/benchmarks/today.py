"""Against the way it is done today: ffmpeg writes the frames as PNG, a script judges them one by one."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from otio_shottag import find_shots, load_analysis, read_timeline
from otio_shottag.shots import NearMoment
from tests.benchmarks.material import cut, film
from tests.benchmarks.measuring import Row, in_turn, median_ratio, otio_shottag, seconds, spent_by

SHOTS = 60
JUDGE_PNGS = """
import sys, torch, torchvision
from pathlib import Path
from PIL import Image
width, height = int(sys.argv[2]), int(sys.argv[3])
network = torchvision.models.resnet50(num_classes=8).eval()
prepare = torchvision.transforms.Compose([
    torchvision.transforms.Resize((height, width)), torchvision.transforms.ToTensor(),
    torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
with torch.no_grad():
    for path in sorted(Path(sys.argv[1]).glob('*.png')):
        print(path.name, int(network(prepare(Image.open(path).convert('RGB'))[None]).argmax()))
"""


def rows(folder: Path, runs: int) -> Iterator[Row]:
    if shutil.which("ffmpeg") is None:
        print("(today: ffmpeg is not on this machine)", file=sys.stderr)
        return
    films = [film(folder, number=number) for number in range(2)]
    path = cut(folder / "today.otio", films, SHOTS)
    shots, _ = find_shots(read_timeline(path))
    analysis = load_analysis()
    wanted = [(shot.media, moment) for shot in shots for moment in analysis.moments(shot)]
    moments = [(media, one.seconds if isinstance(one, NearMoment) else one) for media, one in wanted]

    def ours() -> float:
        return spent_by(otio_shottag(path, "--no-cache", "--force", "-o", folder / "today.csv")).wall

    def theirs(width: int, height: int) -> float:
        pictures = folder / "pictures"
        shutil.rmtree(pictures, ignore_errors=True)
        pictures.mkdir()
        started = time.perf_counter()
        for number, (media, moment) in enumerate(moments):
            asked = [
                "-ss",
                f"{float(moment):.6f}",
                "-i",
                str(media),
                "-frames:v",
                "1",
                str(pictures / f"{number:05}.png"),
            ]
            subprocess.run(["ffmpeg", "-v", "error", "-y", *asked], check=True)
        spent_by([sys.executable, "-c", JUDGE_PNGS, pictures, str(width), str(height)])
        return time.perf_counter() - started

    sizes = {"384 x 224, as ours": (384, 224), "666 x 375, as the article": (666, 375)}
    for name, size in sizes.items():
        mine, other = in_turn(runs, ours, lambda size=size: theirs(*size))
        what = f"{SHOTS} shots of 1080p H.264, {len(moments)} frames, against ffmpeg and ResNet-50 at {name}"
        yield Row(what, seconds(mine), seconds(other), median_ratio(other, mine), 6)
