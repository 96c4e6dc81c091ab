#!/bin/bash
# The bracket on two containers of one rank each: the same reactions as on one, also when one of them
# is killed during the run and the other goes on.
#
# usage: demos/cluster/two_containers.sh [FOLDER]
#
# FOLDER (results/cluster) gets the results; it must be empty, or not there yet.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cluster=$here/../../docker/cluster
case=/opt/dmn_fe/demos/cluster # where the image has this folder
export DMN_FE_CLUSTER=demo_$$   # not one that is up for something else

say() { printf '\n--- %s\n' "$*"; }
die() { printf 'two_containers.sh: %s\n' "$*" >&2; exit 1; }

folder=${1:-results/cluster}
mkdir -p "$folder"
[[ -z $(ls -A "$folder") ]] || die "$folder is not empty; name another folder, or remove it."
# No container runs as root.
[[ $EUID -ne 0 ]] || chown 1000:1000 "$folder"
cd "$folder"

say "a head and two workers"
trap '"$cluster" down' EXIT
"$cluster" up --workers 2

say "one rank"
"$cluster" run -n 1 dmn-fe run $case/bracket.toml --output one

say "two containers of one rank each"
"$cluster" run -n 2 dmn-fe run $case/bracket.toml --output two
"$cluster" run -n 1 python3 $case/compare_reactions.py two one

say "two containers again, one of which is killed after five steps"
rows() { cat killed/reactions.csv 2>/dev/null | wc -l; }
"$cluster" run -n 2 dmn-fe run $case/bracket.toml --output killed &
job=$!
while [[ $(rows) -lt 7 ]]; do # names of columns, the start, and five steps
    kill -0 "$job" 2>/dev/null || die "the run ended before its worker could be killed."
    sleep 0.1
done
worker=$("$cluster" status 2>/dev/null | sed -n 's/\(.*worker.*\): .*/\1/p' | tail -n 1)
for engine in docker podman; do
    "$engine" kill "$worker" >/dev/null 2>&1 && break
done
steps=$(($(rows) - 2))
wait "$job" && die "the run has not noticed that $worker was killed."

say "the rest of its steps on the worker that is left"
"$cluster" run -n 1 dmn-fe run $case/bracket.toml --output killed --restart | tee restart.log
"$cluster" run -n 1 python3 $case/compare_reactions.py killed one
went_on=$(sed -n 's/^going on from step \([0-9]*\),.*/\1/p' restart.log)
say "killed after step $steps, went on from step $went_on"
[[ $went_on -ge $((steps - 1)) ]] || die "more than one step was lost."
