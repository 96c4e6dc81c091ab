# docker: the image of docker/Dockerfile, under Docker or Podman.

# Sets `engine` to the first of docker and podman that is installed and answers, or to nothing.
find_engine() {
    for engine in docker podman; do
        command -v "$engine" >/dev/null && timeout 20 "$engine" info >/dev/null 2>&1 && return
    done
    engine=
}

docker_refusal() {
    local engine
    find_engine
    [[ -n $engine ]] || echo "no docker or podman answers"
}

image_name() {
    echo "dmn_fe:$suite-$(key_of_files "$here"/{Dockerfile,packages.txt,install-packages})"
}

# The engine that built the image is remembered beside it: asking both again takes a second.
engine_file() { echo "$cache/engine-$(key_of "$(image_name)")"; }

docker_ready() {
    [[ -e $(engine_file) ]] && "$(<"$(engine_file)")" image inspect "$(image_name)" >/dev/null 2>&1
}

docker_build() {
    docker_ready && return
    local engine pair
    local arguments=(--build-arg "SUITE=$suite" --tag "$(image_name)")
    find_engine
    set_proxies
    for pair in "${proxies[@]}"; do arguments+=(--build-arg "$pair"); done
    say "building the image $(image_name) with $engine (a few minutes, 4 GB)"
    : >"$cache/build.log"
    quietly_into "$cache/build.log" "$engine" build "${arguments[@]}" "$here" ||
        die "$engine build failed: $(reason_in_log); all it said is in $cache/build.log."
    write_file "$(engine_file)" "$engine"
}

docker_exec() {
    local engine item arguments
    engine=$(<"$(engine_file)")
    set_visible
    set_environment docker
    # Read-only, because a result written to the container itself would be lost with it.
    # Open MPI's ranks share memory through /dev/shm, of which a container alone has 64 MB.  Labels
    # of SELinux would close the mounted folders.
    arguments=(--rm --interactive --read-only --user "$owner" --workdir "$PWD" --ipc host
        --security-opt label=disable)
    [[ -t 0 && -t 1 ]] && arguments+=(--tty)
    # Podman without root maps the caller to root inside unless told to keep the caller's number.
    [[ $EUID -ne 0 ]] && "$engine" --version | grep -qi podman && arguments+=(--userns keep-id)
    for item in "${visible[@]}"; do arguments+=(--volume "$item:$item"); done
    for item in "${environment[@]}"; do arguments+=(--env "$item"); done
    exec "$engine" run "${arguments[@]}" "$(image_name)" "$@"
}
