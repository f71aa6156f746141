#!/usr/bin/env bash
# Makes .venv and installs fairlane into it, editable, with the versions that constraints.txt pins.
# With "dev", also installs what lint and the tests need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=.venv

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "fairlane needs Python 3.11 or newer, and found none on PATH."
    return 1
}

make_venv() {
    # A venv whose set-up was cut short, or whose Python is gone, has no working pip: start again.
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    local python
    python=$(find_python)
    if ! "$python" -m venv --clear "$venv"; then
        say "$python cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"
        return 1
    fi
}

pip_install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@"
}

# Installs a Debian package where that can be done without asking; elsewhere does nothing.
try_apt() {
    if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
        { timeout 120 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 400 \
            apt-get install --yes --no-install-recommends "$1"; } >/dev/null 2>&1 || true
    fi
}

# Some tests want a Redis server beside the Valkey that the package ships. Debian's redis-tools holds the
# server's binary under another name, and unlike redis-server it starts no service on the machine.
offer_redis() {
    command -v redis-server >/dev/null && return
    [[ -x /usr/bin/redis-check-rdb ]] || try_apt redis-tools
    if [[ -x /usr/bin/redis-check-rdb ]]; then
        ln -sf /usr/bin/redis-check-rdb "$venv/bin/redis-server"
    else
        say "No redis-server here: tests that want one are skipped."
    fi
}

# The dashboard is tested in a real browser.
offer_chromium() {
    command -v chromium >/dev/null && return
    try_apt chromium
    command -v chromium >/dev/null || say "No chromium here: tests in a browser are skipped."
}

# The linter of the Lua scripts; no package of PyPI or npm has it.
offer_luacheck() {
    command -v luacheck >/dev/null && return
    try_apt lua-check
    command -v luacheck >/dev/null || say "No luacheck here: the Lua scripts are checked for their NEEDS lines only."
}

# It checks the metrics and the alerting rules. Debian's package would start a service, so only the file is taken.
offer_promtool() {
    command -v promtool >/dev/null && return
    if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
        local folder
        folder=$(mktemp -d)
        { (cd "$folder" && { [[ $EUID -ne 0 ]] || timeout 120 apt-get update; timeout 200 apt-get download prometheus; }) &&
            dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb |
            tar --extract --directory "$venv/bin" --strip-components=3 ./usr/bin/promtool; } >/dev/null 2>&1 || true
        rm -rf "$folder"
    fi
    command -v promtool >/dev/null || say "No promtool here: tests of metrics and alerting rules are skipped."
}

# npm installs the linter of the dashboard's JavaScript and CSS, as package-lock.json pins it.
offer_biome() {
    if ! command -v npm >/dev/null; then
        say "No npm here: the dashboard's JavaScript and CSS are not checked."
    elif ! npm ci --silent >&2; then
        say "npm could not install what package-lock.json names: the dashboard's JavaScript and CSS are not checked."
    fi
}

make_venv
pip_install pip # the pinned one: older ones have no --build-constraint
if [[ ${1:-} == dev ]]; then
    pip_install --build-constraint constraints.txt --editable . --group dev
    offer_redis
    offer_chromium
    offer_luacheck
    offer_promtool
    offer_biome
else
    pip_install --build-constraint constraints.txt --editable .
fi
