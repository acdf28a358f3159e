# Sourced by scripts/demo and scripts/test: the system packages and the virtual environment that both
# need. Does nothing, quickly, when everything is there.
#
#   prepare EXTRAS PACKAGE...   EXTRAS: "" or "[test]"; PACKAGE: Debian packages beyond the basic ones
#
# PYTHON names the interpreter to build the environment from (default: python3).

say() { printf '%s\n' "$*" >&2; }

python_minor() { "${PYTHON:-python3}" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# Debian's own interpreter is not linked with libpython; others bring theirs.
libpython_package() {
    "${PYTHON:-python3}" - <<'PY'
import sys, sysconfig
from pathlib import Path
name = sysconfig.get_config_var("INSTSONAME") or ""
folder = sysconfig.get_config_var("LIBDIR") or ""
arch = sysconfig.get_config_var("MULTIARCH") or ""
places = [Path(folder, name), Path("/usr/lib", arch, name)]
if not (".so" in name and any(p.is_file() for p in places)):
    print("libpython%d.%d" % sys.version_info[:2])
PY
}

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

install_packages() {
    local missing=() package
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if ! command -v apt-get >/dev/null; then
        say "Please install what corresponds to these Debian packages: ${missing[*]}"
        exit 2
    fi
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { say "As root: apt-get install ${missing[*]}"; exit 2; }
        root=(sudo)
    fi
    say "Installing Debian packages (this is what needs root): ${missing[*]}"
    "${root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null
}

prepare() {
    local extras=$1 stamp want
    shift
    command -v "${PYTHON:-python3}" >/dev/null || install_packages python3
    case "$(python_minor)" in
    3.[0-9] | 3.10) say "xipsim needs Python 3.11 or later; PYTHON names another one"; exit 2 ;;
    esac
    local packages=(gcc libc6-dev "$@")
    [ -n "${XIPSIM_QEMU:-}" ] || command -v qemu-system-arm >/dev/null || packages+=(qemu-system-arm)
    "${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || packages+=("python$(python_minor)-venv")
    # shellcheck disable=SC2046  # no package, or one
    install_packages "${packages[@]}" $(libpython_package)

    stamp=.venv/xipsim-setup
    want="$extras $(cat pyproject.toml setup.py engines/qemu/shim.c | sha256sum)"
    if [ -f "$stamp" ] && grep -qxF "$want" "$stamp"; then
        return
    fi
    say "Setting up the virtual environment .venv"
    [ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".$extras"
    # What a larger set of extras has installed serves a smaller one, too.
    [ -n "$extras" ] && printf '%s\n' "${want#"$extras"}" | sed 's/^/ /;s/^ */ /' >>"$stamp"
    printf '%s\n' "$want" >>"$stamp"
}
