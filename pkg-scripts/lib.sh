# shellcheck shell=bash
# Shared by the scripts of this folder: what they need, and steps with their times. Sourced, with `set -euo pipefail`.
# A script that is given --help prints the comment at its top, and ends.
#
# Nothing outside of this repository and of $CACHE is changed without --install, or POCKET_GIST_INSTALL=1, which
# the scripts pass on to each other. Bash 3.2, which macOS has, must understand it.

CACHE=${POCKET_GIST_MODELS:-$HOME/.cache/pocket-gist}
export POCKET_GIST_INSTALL=${POCKET_GIST_INSTALL:-0}

case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "pkg-scripts/$(basename "$0")"; exit ;; esac

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }
have() { command -v "$1" > /dev/null 2>&1; }
need() { have "$1" || fail "$1 is missing; install $2"; }

# Fails unless Rust, Node.js and Python are there, which no script installs.
need_tools() {
    need cargo "Rust from rustup"
    need npm "Node.js 20.19 or newer"
    need python3 "Python 3.11 or newer"
    python3 -m pip --version > /dev/null 2>&1 || fail "pip is missing; install it for python3"
}

# Runs a command that installs something, with --install; otherwise says it, and stops.
install() { # WHAT COMMAND…
    local what=$1
    shift
    [ "$1" != apt-get ] || [ "$(id -u)" = 0 ] || set -- sudo "$@"
    [ "$POCKET_GIST_INSTALL" = 1 ] || fail "$what is missing; run: $*   (or run this again with --install)"
    echo "$(basename "$0"): installing $what"
    [ "$1" != apt-get ] || apt-get update -qq
    [ "$1" != sudo ] || sudo apt-get update -qq
    "$@" > /dev/null
}

need_component() { # COMMAND COMPONENT
    cargo "$1" --version > /dev/null 2>&1 || install "cargo $1" rustup component add "$2"
}

WASM_TARGET=wasm32-unknown-unknown
DEBIAN_PACKAGES=(rustc-web rust-web-src libstd-rust-web-1.96 libstd-rust-web-dev libllvm22)

has_wasm_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/$WASM_TARGET" ]; }

# Fails unless Rust can compile to WebAssembly, with rustup's target or with Debian's compiler in $CACHE/toolchain.
need_wasm_target() {
    if has_wasm_target || [ -x "$CACHE/toolchain/usr/bin/rustc" ]; then return; fi
    [ "$POCKET_GIST_INSTALL" = 1 ] || fail "Rust's target $WASM_TARGET is missing; run:" \
        "rustup target add $WASM_TARGET   (or run this again with --install)"
    echo "$(basename "$0"): fetching the target $WASM_TARGET"
    # rustup waits for minutes on networks that drop its packets.
    local limit=env
    have timeout && limit="timeout 60"
    $limit rustup target add $WASM_TARGET > /dev/null 2>&1 || unpack_debian
}

# Downloads Debian's packages and unpacks them to $CACHE/toolchain.
unpack_debian() {
    local root=$CACHE/toolchain staging=$CACHE/toolchain.new deb
    have apt-get || fail "rustup cannot fetch $WASM_TARGET, and there is no apt-get to get it from Debian"
    echo "$(basename "$0"): rustup cannot fetch $WASM_TARGET; unpacking Debian's compiler" >&2
    rm -rf "$staging" && mkdir -p "$staging/debs"
    # Package lists may be missing on a fresh machine.
    apt-cache show "${DEBIAN_PACKAGES[@]}" > /dev/null 2>&1 || apt-get update -qq || fail "apt-get update failed"
    (cd "$staging/debs" && apt-get download -qq "${DEBIAN_PACKAGES[@]}") || fail "Debian has no ${DEBIAN_PACKAGES[*]}"
    for deb in "$staging"/debs/*.deb; do dpkg -x "$deb" "$staging"; done
    rm -rf "$staging/debs" "$root" && mv "$staging" "$root"
}

# Installs the page's packages, unless those of the lock file are there.
npm_packages() {
    cmp -s www/package-lock.json www/node_modules/.installed.json && return
    npm --prefix www ci --silent --no-fund --no-audit
    cp www/package-lock.json www/node_modules/.installed.json
}

# Installs the linters of Python and shell scripts to $CACHE, unless they are there.
lint_tools() {
    LINT=$CACHE/tools/lint
    cmp -s pkg-scripts/requirements.txt "$LINT/requirements.txt" && return
    rm -rf "$LINT"
    python3 -m pip install --quiet --root-user-action ignore --target "$LINT" --requirement pkg-scripts/requirements.txt
    cp pkg-scripts/requirements.txt "$LINT/requirements.txt"
}

lint_python() {
    "$LINT/bin/ruff" format --check --quiet .
    "$LINT/bin/ruff" check --quiet .
}

lint_shell() {
    local scripts=(.ci/run)
    for file in pkg-scripts/* pkg-scripts/*/*; do
        case $(head -c 32 "$file" 2> /dev/null | head -n 1) in '#!/usr/bin/env bash' | '# shellcheck'*) scripts+=("$file") ;; esac
    done
    "$LINT/bin/shellcheck" --external-sources "${scripts[@]}"
}

lint_javascript() {
    (cd pkg-scripts && ../www/node_modules/.bin/biome ci)
}

# Steps print a line before they start; `times` prints how long each took, also if one fails.
STEPS=()

step() { # NAME COMMAND…
    local name=$1 start=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    RUNNING=$name
    "$@"
    RUNNING=
    STEPS+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

# Starts a step beside the next ones; its output comes when it is waited for.
background() { # NAME COMMAND…
    BACKGROUND=$1
    LOG=$(mktemp)
    shift
    printf '\n== %s, beside what follows\n' "$BACKGROUND"
    set -m # a process group of its own, so that it can be ended whole
    (
        start=$SECONDS
        "$@"
        echo $((SECONDS - start)) > "$LOG.seconds"
    ) > "$LOG" 2>&1 < /dev/null &
    PID=$!
    set +m
}

wait_for_background() {
    local start=$SECONDS
    printf '\n== %s: waiting for its end\n' "$BACKGROUND"
    RUNNING=$BACKGROUND
    if ! wait "$PID"; then
        PID=
        cat "$LOG"
        fail "$BACKGROUND failed"
    fi
    PID=
    RUNNING=
    cat "$LOG"
    STEPS+=("$(printf '%5d s  %s (beside others; waited for %d s)' "$(cat "$LOG.seconds")" "$BACKGROUND" $((SECONDS - start)))")
    rm -f "$LOG" "$LOG.seconds"
}

# The steps that compile nothing.
format_and_lint() {
    step "format: Rust" cargo fmt --check
    step "format and lint: Python" lint_python
    step "lint: shell" lint_shell
    step "format and lint: TypeScript" npm --prefix www run --silent lint
    step "format and lint: JavaScript of scripts" lint_javascript
}

# Prints the times when the script ends.
print_times() {
    local code=$?
    [ -z "${PID:-}" ] || kill -- -"$PID" 2> /dev/null || true
    printf '\n== times\n'
    [ ${#STEPS[@]} -eq 0 ] || printf '%s\n' "${STEPS[@]}"
    printf '%5d s  in all\n' "$SECONDS"
    [ $code -eq 0 ] || echo "$(basename "$0"): ${RUNNING:-it} failed" >&2
}
