# docker: the image `development` of docker/Dockerfile, under Docker or Podman.

docker_refusal() {
    local engine
    find_engine
    if [[ -z $engine ]]; then
        echo "no docker or podman answers"
    elif ! have_base; then
        echo "$engine has no image $base and cannot pull it"
    fi
}

image_name() {
    echo "dmn_fe_development:$(key_of "$base" \
        "$(key_of_files "$here"/{Dockerfile,install-packages,packages/*})")"
}

# The engine that built the image is remembered beside it: asking both again takes a second.
engine_file() { echo "$cache/engine-$(key_of "$(image_name)")"; }

docker_ready() {
    [[ -e $(engine_file) ]] && "$(<"$(engine_file)")" image inspect "$(image_name)" >/dev/null 2>&1
}

docker_build() {
    docker_ready && return
    local engine
    find_engine
    build_image development "$(image_name)"
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
    [[ $EUID -ne 0 && $engine == podman ]] && arguments+=(--userns keep-id)
    for item in "${visible[@]}"; do arguments+=(--volume "$item:$item"); done
    for item in "${environment[@]}"; do arguments+=(--env "$item"); done
    exec "$engine" run "${arguments[@]}" "$(image_name)" "$@"
}
