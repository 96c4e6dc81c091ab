# native: a virtual environment over the current Python, which has DOLFINx.

native_refusal() {
    if [[ -n ${DMN_FE_SUITE:-} ]]; then
        echo "DMN_FE_SUITE names a Debian release, which only docker and tree can bring"
        return
    fi
    if [[ -z $current_python ]]; then
        echo "there is no python3 on PATH"
        return
    fi
    "$current_python" - <<'END' 2>/dev/null || echo "$current_python fails to import DOLFINx"
import sys

here = f"python3 ({sys.version.split()[0]}, {sys.prefix})"
try:
    import dolfinx
except Exception as error:
    print(f"{here} does not import DOLFINx ({type(error).__name__})")
else:
    version = dolfinx.__version__
    if tuple(int(part) for part in version.split(".")[:2]) < (0, 9):
        print(f"{here} has DOLFINx {version}, older than 0.9")
END
}

native_ready() { true; }
native_build() { true; }
native_exec() { exec_here native "$@"; }

# exec_here MODE COMMAND...: becomes the command on this system, with all of the caller's variables.
exec_here() {
    local folder home
    folder=$(project_folder "$1")
    shift
    set_defaults
    local command=(env "${defaults[@]}" "VIRTUAL_ENV=$folder/venv" "PATH=$folder/venv/bin:$PATH" "$@")
    if [[ $owner != "$(id -u):$(id -g)" ]]; then
        home=$(getent passwd "${owner%:*}" | cut -d: -f6) || true # a user this system may not list
        command=(setpriv --reuid "${owner%:*}" --regid "${owner#*:}" --clear-groups
            env "HOME=${home:-$folder/home}" "${command[@]}")
    fi
    exec "${command[@]}"
}
