# tree: a Debian tree in the cache, entered with chroot in a mount namespace of its own.

tree_refusal() {
    if [[ ! -e /etc/debian_version ]]; then
        echo "this is not Debian or Ubuntu"
    elif [[ $EUID -ne 0 ]]; then
        echo "only root may make and enter a Debian tree"
    elif ! unshare --mount true 2>/dev/null; then
        echo "root may not mount here (a container without the right to)"
    fi
}

tree_folder() {
    echo "$cache/tree-$suite-$(key_of_files "$here"/install-packages "$here"/packages/*.txt)"
}

tree_ready() { [[ -e $(tree_folder)/finished ]]; }

tree_build() {
    tree_ready && return
    local tree log=$cache/build.log
    tree=$(tree_folder)
    : >"$log"

    if ! command -v mmdebstrap >/dev/null; then
        say "installing mmdebstrap on this system"
        quietly_into "$log" apt-get update &&
            quietly_into "$log" apt-get install --yes --no-install-recommends mmdebstrap \
                debian-archive-keyring ||
            die "mmdebstrap could not be installed: $(reason_in_log); all apt-get said is in $log."
    fi

    say "making a Debian $suite tree in $tree (a few minutes, 3 GB)"
    local options=(--variant=minbase --dpkgopt=force-unsafe-io)
    # Debian unstable's index on a mirror can be past its date.
    [[ $suite == sid ]] && options+=(--aptopt='Acquire::Check-Valid-Until "false"')
    quietly_into "$log" build_step mmdebstrap "${options[@]}" "$suite" "$tree.partial" ||
        die "mmdebstrap failed: $(reason_in_log); all it said is in $log."

    say "installing the packages of docker/packages in it"
    set_proxies
    quietly_into "$log" build_step \
        "$here/enter-tree" "$tree.partial" rw 0:0 "$here" /etc/resolv.conf /etc/hosts -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "${proxies[@]}" \
        "$here/install-packages" --new-system simulation development ||
        die "apt-get failed in the tree: $(reason_in_log); all it said is in $log."
    touch "$tree.partial/finished"
    mv "$tree.partial" "$tree"

    local other
    for other in "$cache"/tree-"$suite"-*; do
        [[ $other == "$tree" ]] ||
            say "$other is of earlier lists in docker/packages; remove it when no checkout needs it"
    done
}

# build_step COMMAND...: runs it with its own mounts and processes, which all end with this shell,
# however it ends: an interrupted build leaves no mount and no process behind.
build_step() {
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc "$@"
}

tree_exec() {
    set_visible
    set_environment tree
    visible+=(/etc/resolv.conf /etc/hosts /etc/passwd /etc/group)
    exec unshare --mount "$here/enter-tree" "$(tree_folder)" ro "$owner" "${visible[@]}" -- \
        env --ignore-environment --chdir="$PWD" "${environment[@]}" "$@"
}
