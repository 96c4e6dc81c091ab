# Docker or Podman: which of them, its compose, and how to build the images of docker/Dockerfile.
# Sourced after common.sh by docker/run and docker/cluster.

base=${DMN_FE_BASE:-debian:$suite-slim}
# What building leaves in the engine's store, and a little more.
needed_gigabytes=8

# Sets `engine` to the first of docker and podman that is installed and answers, or to nothing.
find_engine() {
    for engine in docker podman; do
        command -v "$engine" >/dev/null && timeout 20 "$engine" info >/dev/null 2>&1 || continue
        # Where Podman has taken the name of docker.
        [[ $("$engine" --version) != *[Pp]odman* ]] || engine=podman
        return 0
    done
    engine=
}

# Sets `engine` and `compose`, or says what to install.
set_engine() {
    find_engine
    [[ -n $engine ]] || die "no Docker or Podman answers; install one of them, or start its service."
    set_compose
}

set_compose() {
    # `podman compose` may be any program, some of which do not know users as Podman does.
    if [[ $engine == podman ]] && podman-compose --version >/dev/null 2>&1; then
        compose=(podman-compose)
    elif [[ $engine == docker ]] && docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
    elif [[ $engine == podman ]]; then
        die "podman-compose is not installed; 'pipx install podman-compose' brings it."
    else
        die "docker has no compose; install the package docker-compose-plugin."
    fi
    # Podman without root maps the caller to root inside unless told to keep the caller's number,
    # which it cannot do in a pod.
    if [[ $engine == podman && $EUID -ne 0 ]]; then
        export PODMAN_USERNS=keep-id
        compose+=(--in-pod false)
    fi
}

# Whether the base image is there or can be fetched.
have_base() {
    "$engine" image inspect "$base" >/dev/null 2>&1 && return
    say "fetching the image $base with $engine"
    timeout 900 "$engine" pull --quiet "$base" >/dev/null 2>&1
}

# build_image TARGET TAG ARGUMENT...: builds a target of docker/Dockerfile
build_image() {
    local target=$1 tag=$2 store free pair arguments
    shift 2
    # Where the engine keeps its images; a Docker in a virtual machine names a folder of that.
    store=$("$engine" info --format '{{.DockerRootDir}}' 2>/dev/null ||
        "$engine" info --format '{{.Store.GraphRoot}}' 2>/dev/null || true)
    if [[ -d $store ]]; then
        free=$(($(df --output=avail --block-size=1M "$store" | tail -n 1) / 1024))
        [[ $free -ge $needed_gigabytes ]] ||
            die "building the image $tag needs $needed_gigabytes GB in $store, where $free GB are" \
                "free; '$engine image prune' removes images that nothing uses."
    fi
    have_base ||
        die "$engine has no image $base and cannot pull it (no network, or no registry in reach);" \
            "where only Debian's packages can be had, docker/base-image makes it of them."

    arguments=(--file "$here/Dockerfile" --target "$target" --build-arg "BASE=$base" --tag "$tag")
    [[ $engine == podman ]] && arguments+=(--format docker) # OCI's format has no health checks
    set_proxies
    for pair in "${proxies[@]}"; do arguments+=(--build-arg "$pair"); done
    say "building the image $tag with $engine (a few minutes, 3 GB)"
    : >"$cache/build.log"
    quietly_into "$cache/build.log" "$engine" build "${arguments[@]}" "$@" "$project" ||
        die "$engine build failed: $(reason_in_log); all it said is in $cache/build.log."
}
