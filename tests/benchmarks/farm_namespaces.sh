#!/usr/bin/env bash
# Three machines in one: network namespaces with addresses of their own, each with the footage mounted elsewhere.
# As root, from the root of a checkout: tests/benchmarks/farm_namespaces.sh .venv/bin  (iproute2, util-linux)
#
# Cuts are tagged once here and once on the three, of which one loses its network half way; the files must be equal.
set -euo pipefail
bin=$(realpath "${1:?the folder that otio-shottag and ray are in}")
work=$(mktemp -d)
footage=$work/footage
port=6391
scratch=$(dirname "$(TMPDIR='' mktemp --dry-run)")/ray  # where Ray keeps its sockets; each node needs its own
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN=0123456789abcdef0123456789abcdef
mkdir "$footage" "$work/cuts"

leave() {
  for name in shot0 shot1 shot2; do
    ip netns pids $name 2>/dev/null | xargs -r kill -9 || true
    ip netns delete $name 2>/dev/null || true
  done
}
trap leave EXIT
leave

ip netns add shot0
ip -n shot0 link set lo up
ip -n shot0 link add switch type bridge
ip -n shot0 addr add 10.77.0.1/24 dev switch
ip -n shot0 link set switch up
for number in 1 2; do
  ip netns add shot$number
  ip link add cable$number netns shot0 type veth peer name eth0 netns shot$number
  ip -n shot0 link set cable$number master switch up
  ip -n shot$number addr add 10.77.0.$((number + 1))/24 dev eth0
  ip -n shot$number link set eth0 up
  ip -n shot$number link set lo up
done

"$bin/python" - "$footage" "$work/cuts" <<'PYTHON'
import sys
from pathlib import Path
from tests.benchmarks.material import cut, film
films = [film(Path(sys.argv[1]), number=number) for number in range(2)]
for number in range(8):
    cut(Path(sys.argv[2]) / f"reel {number}.otio", films, 20, seed=number)
PYTHON

# Where a node looks: /mnt/showN instead of the folder that the cuts name, which it does not have.
node() {
  ip netns exec shot$1 unshare --mount bash -c '
    mkdir -p "$3"; mount -t tmpfs none "$3"; mount -t tmpfs none /mnt; mkdir "/mnt/show$1"
    mount --bind "$2" "/mnt/show$1"; mount -t tmpfs none "$2"; shift 3; exec "$@"' _ "$1" "$footage" "$scratch" \
    "$bin/ray" start --block --num-cpus=1 --disable-usage-stats "${@:2}" >"$work/node$1.log" 2>&1 &
}
start_head() {
  ip netns exec shot0 unshare --mount bash -c 'mkdir -p "$1"; mount -t tmpfs none "$1"; shift; exec "$@"' _ "$scratch" \
    "$bin/ray" start --block --head --num-cpus=1 --disable-usage-stats --include-dashboard=false \
    --node-ip-address=10.77.0.1 --port=$port >"$work/node0.log" 2>&1 &
  sleep 8
}
start_head
node 1 --address=10.77.0.1:$port --node-ip-address=10.77.0.2
node 2 --address=10.77.0.1:$port --node-ip-address=10.77.0.3
sleep 10

"$bin/otio-shottag" "$work/cuts" -o "$work/here" --no-cache 2>&1 | tail -3
( sleep "${2:-25}"; echo "node 2 loses its network"; ip -n shot0 link set cable2 down ) &
# In the head's own mounts, where Ray keeps its sockets.
head_process=$(ip netns pids shot0 | sort -n | head -1)
nsenter --target "$head_process" --mount --net \
  "$bin/otio-shottag" "$work/cuts" -o "$work/there" --no-cache --ray 10.77.0.1:$port \
  --map "$footage=/mnt/show1" --map "$footage=/mnt/show2" 2>&1 | tail -15
rm -f "$work"/{here,there}/.otio-shottag.jsonl
diff -r "$work/here" "$work/there" && echo "the same $(ls "$work/there" | wc -l) files"
rm -rf "$work"
