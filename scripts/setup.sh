# Sourced by scripts/demo and scripts/test. Needs bash and the checkout's root as the current folder.
#
#   set_up [EXTRA [PACKAGE...]]   EXTRA: an extra of pyproject.toml; PACKAGE: further Debian packages
#
# Makes the virtual environment .venv, and installs the system packages that are missing. When
# everything is there it does nothing, quickly. PYTHON names the interpreter that .venv is made from
# (default: python3); XIPSIM_QEMU a QEMU that makes the distribution's unnecessary.

say() { printf '%s\n' "$*" >&2; }

set_up() {
    local extra=${1:+[$1]} wanted stamp
    stamp=.venv/set-up$extra
    wanted=$(pwd && cksum pyproject.toml setup.py engines/qemu/shim.c)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && has_qemu \
        && .venv/bin/python -c 'import xipsim' 2>/dev/null; then
        return
    fi
    python=${PYTHON:-python3}
    install_system_packages "${@:2}"
    say "Making the virtual environment .venv"
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".$extra"
    printf '%s\n' "$wanted" | tee .venv/set-up >"$stamp"
}

has_qemu() { command -v "${XIPSIM_QEMU:-qemu-system-arm}" >/dev/null; }

has_libpython() {
    "$python" -c 'from xipsim.engines.qemu.locate import find_libpython as find; find()' 2>/dev/null
}

# What a package brings decides whether it is needed: a QEMU, a Python or a compiler may also have
# come another way.
install_system_packages() {
    command -v "$python" >/dev/null || apt_install python3
    local version packages=("$@")
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    case $version in
    2.* | 3.[0-9] | 3.10)
        say "$python is $version, but xipsim needs 3.11 or later; PYTHON=... names another one"
        exit 2
        ;;
    esac
    "$python" -c 'import ensurepip' 2>/dev/null || packages+=("python$version-venv")
    # Debian's own interpreter does without its shared library; others bring theirs.
    has_libpython || packages+=("libpython$version")
    has_qemu || packages+=(qemu-system-arm)
    command -v cc >/dev/null || packages+=(gcc)
    [ -e /usr/include/dlfcn.h ] || packages+=(libc6-dev)
    apt_install "${packages[@]}"
}

apt_install() {
    local package missing=() root=(env)
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' \
            || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "Please install what these Debian packages hold, then try again: ${missing[*]}"
        exit 2
    fi
    if [ "$(id -u)" -ne 0 ]; then
        root=(sudo env)
        if ! command -v sudo >/dev/null; then
            say "Please type as root, then try again: apt-get install ${missing[*]}"
            exit 2
        fi
    fi
    say "Installing Debian packages, for which root is needed: ${missing[*]}"
    "${root[@]}" apt-get update -qq
    "${root[@]}" DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq --no-install-recommends "${missing[@]}" >/dev/null
}
