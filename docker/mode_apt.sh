# apt: Debian's packages, installed on this system.

apt_refusal() {
    local ID='' VERSION_ID='' VERSION_CODENAME='' PRETTY_NAME=''
    # shellcheck source=/dev/null
    [[ -r /etc/os-release ]] && source /etc/os-release
    # Debian unstable has no version number.
    if [[ $ID != debian || ${VERSION_ID:-99} -lt 13 ]]; then
        echo "this is ${PRETTY_NAME:-not Debian}, not Debian 13 or newer"
    elif [[ -n ${DMN_FE_SUITE:-} && ${DMN_FE_SUITE} != "$VERSION_CODENAME" ]]; then
        echo "this is $PRETTY_NAME, not the $DMN_FE_SUITE of DMN_FE_SUITE"
    elif [[ $EUID -ne 0 ]]; then
        echo "only root may install Debian packages"
    fi
}

apt_ready() {
    local packages states
    read -r -d '' -a packages < <(
        sed 's/#.*//' "$here"/packages/{simulation,development}.txt
        printf '\0'
    )
    states=$(dpkg-query --show --showformat='${db:Status-Status}\n' "${packages[@]}" 2>/dev/null) &&
        ! grep -qvx installed <<<"$states"
}

apt_build() {
    apt_ready && return
    say "installing Debian packages on this system (docker/packages)"
    : >"$cache/build.log"
    quietly_into "$cache/build.log" "$here/install-packages" simulation development ||
        die "apt-get failed: $(reason_in_log); all it said is in $cache/build.log."
}

apt_exec() { exec_here apt "$@"; }
