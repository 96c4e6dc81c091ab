# What the environments share: messages, the cache and its lock, and what a command may see.
# Sourced by docker/run and docker/cluster, which set `here` (this folder), `project` and `me`.

suite=${DMN_FE_SUITE:-trixie}

# Under sudo the command runs as the caller, so that the files it writes belong to the caller.
if [[ $EUID -eq 0 && ${SUDO_UID:-0} -ne 0 ]]; then
    owner=$SUDO_UID:${SUDO_GID:-$SUDO_UID}
else
    owner=$(id -u):$(id -g)
fi

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$@"; exit 1; }
die_usage() { say "$@"; exit 2; }

# --- the cache -----------------------------------------------------------------------------------
# Every folder in it is named by a hash of what it was made from.  A folder counts only when it
# holds a file `finished`, which is written last.

prepare_cache() {
    if [[ -n ${XDG_CACHE_HOME:-} ]]; then
        cache=$XDG_CACHE_HOME
    elif [[ $owner != "$(id -u):$(id -g)" ]]; then
        cache=/var/cache # under sudo: root's home is closed to the caller
    elif [[ -n ${HOME:-} ]]; then
        cache=$HOME/.cache
    else
        die_usage "neither HOME nor XDG_CACHE_HOME is set; set one, so that the cache has a place."
    fi
    [[ $cache == /* ]] || die_usage "XDG_CACHE_HOME=$cache is not an absolute path."
    cache=$cache/dmn_fe
    mkdir -p "$cache" 2>/dev/null ||
        die "the cache folder $cache cannot be made; set XDG_CACHE_HOME to a folder you may write to."
}

# Only one call at a time builds.  Children inherit the lock: while one of them still runs after its
# parent was killed, nobody clears the folder under its feet.
lock_cache() {
    exec 9>"$cache/lock"
    flock --nonblock 9 && return
    say "waiting for another call that builds in $cache"
    flock 9
}
unlock_cache() { exec 9>&-; }

# Removes what interrupted builds left.  Call it with the lock only.
clear_leftovers() {
    local folder
    rm -rf "$cache"/*.partial
    for folder in "$cache"/project-*; do
        [[ -e $folder/finished ]] || rm -rf "$folder"
    done
}

# key_of STRING... -> a short hash of the strings
key_of() { printf '%s\0' "$@" | sha256sum | cut -c1-12; }
# key_of_files FILE... -> a short hash of the files' contents
key_of_files() { cat "$@" | sha256sum | cut -c1-12; }

write_file() { # write_file PATH TEXT: renamed into place
    printf '%s\n' "$2" >"$1.$$.partial"
    mv "$1.$$.partial" "$1"
}

# The Python on PATH, resolved because the same path can be another Python tomorrow; empty: none.
current_python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null || true)

# base_python MODE -> the Python that the virtual environment lies over
base_python() {
    case $1 in
        native) echo "$current_python" ;;
        *) echo /usr/bin/python3 ;;
    esac
}

# project_folder MODE -> the folder of this project's virtual environment and home in that mode
project_folder() {
    echo "$cache/project-$1-$(key_of "$project" "$owner" "$suite" "$(base_python "$1")" \
        "$(key_of_files "$project/pyproject.toml" "$here"/packages/*.txt "$here/make_venv.py")")"
}

# The last complaint in the build's log.
reason_in_log() {
    grep -aE '^(E:|dpkg: error|.*[Ee]rror)' "$cache/build.log" | tail -n 1 | grep . ||
        tail -n 1 "$cache/build.log"
}

# runs PID: whether that process runs; one that was killed is a zombie until its parent looks.
runs() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# quietly_into LOG COMMAND...: runs the command, its words go to LOG; says every half minute that it
# still works and what it said last.
quietly_into() {
    local log=$1 watcher status=0 seconds=0
    shift
    # Ends soon after this shell, however that ends; without the lock, so that it never keeps it.
    (
        exec 9>&-
        while sleep 1 >/dev/null 2>&1 && runs $$; do
            seconds=$((seconds + 1))
            [[ $((seconds % 30)) -ne 0 ]] ||
                say "  $seconds s: $(tail -n 1 "$log" | tr -dc '[:print:]' | cut -c1-100)"
        done
    ) &
    watcher=$!
    "$@" >>"$log" 2>&1 </dev/null || status=$?
    { kill "$watcher" && wait "$watcher"; } 2>/dev/null || true
    return "$status"
}

# --- what a command sees in a tree or a container ------------------------------------------------

# Sets `visible` to the folders and files of the host that keep their paths inside.
set_visible() {
    local name
    refuse_folder "$project"
    refuse_folder "$PWD"
    visible=(/tmp /var/tmp "$cache" "$project" "$PWD")
    [[ -d ${TMPDIR:-} ]] && visible+=("$TMPDIR")
    # What pip needs: behind a proxy with its own certificate, the host's certificates.
    for name in /etc/ssl/certs/ca-certificates.crt "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}" \
        "${CURL_CA_BUNDLE:-}" "${PIP_CERT:-}" "${PIP_CONFIG_FILE:-}" "${PIP_FIND_LINKS:-}"; do
        [[ -e $name && " ${visible[*]} " != *" $name "* ]] && visible+=("$name")
    done
    return 0
}

# A folder of the system would hide the environment's own folder of that name.
refuse_folder() {
    case $1/ in
        / | // | /usr/ | /usr/local/ | /var/ | /var/lib/ | /var/cache/ | /run/ | /dev/ | \
            /bin/* | /boot/* | /etc/* | /lib*/* | /proc/* | /sbin/* | /sys/* | \
            /usr/bin/* | /usr/include/* | /usr/lib*/* | /usr/sbin/* | /usr/share/*)
            die_usage "$1 is a folder of the system, which the environment has its own of;" \
                "call docker/run from another folder."
            ;;
    esac
}

# Sets `proxies` to the NAME=VALUE pairs that a build needs to reach the network.
set_proxies() {
    local name
    proxies=()
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [[ -z ${!name:-} ]] || proxies+=("$name=${!name}")
    done
}

# set_environment MODE: sets `environment` to the NAME=VALUE pairs of a command in a tree or a
# container: fixed ones, and of the caller's those that mean the same inside.
set_environment() {
    local folder name
    folder=$(project_folder "$1")
    environment=(
        "PATH=$folder/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        "VIRTUAL_ENV=$folder/venv"
        "HOME=$folder/home"
        "USER=$(id -un "${owner%:*}" 2>/dev/null || echo user)"
        LANG=C.UTF-8
        OMPI_MCA_btl=self,sm # the ranks are on one machine, where Open MPI's TCP only warns
    )
    while read -r name; do
        case $name in
            CI | CXX | TERM | COLORTERM | COLUMNS | LINES | NO_COLOR | FORCE_COLOR | TZ | TMPDIR | \
                DMN_FE_* | PYTEST_* | HYPOTHESIS_* | PIP_* | PYTHONUNBUFFERED | PYTHONWARNINGS | \
                OMP_* | OMPI_* | PRTE_* | PMIX_* | OPENBLAS_* | PETSC_OPTIONS | TORCH_* | CUDA_* | \
                *_proxy | *_PROXY | SSL_CERT_FILE | SSL_CERT_DIR | REQUESTS_CA_BUNDLE | CURL_CA_BUNDLE)
                environment+=("$name=${!name}")
                ;;
        esac
    done < <(compgen -e)
    set_defaults
    environment+=("${defaults[@]}")
}

# Sets `defaults` to what every mode adds where the caller says nothing.
set_defaults() {
    # Under MPI the ranks share the cores: one thread each unless the caller says otherwise.
    defaults=("OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}")
    # Open MPI refuses to run as root unless told twice.
    [[ ${owner%:*} -eq 0 ]] &&
        defaults+=(OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
    return 0
}
