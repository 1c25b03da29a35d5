#!/bin/bash
# Installs packages on Debian for ./dev, as root: bash test/setup.sh PACKAGE …
# Adds what is always needed: Debian's PostgreSQL with its development files, and CRoaring 4.6 or newer.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o APT::Get::Assume-Yes=true "$@"; }

has_postgres() {
  local bin
  for bin in /usr/lib/postgresql/*/bin; do # the client's package has pgxs.mk, but not the server's headers
    [ -x "$bin/postgres" ] && [ -e "$("$bin/pg_config" --includedir-server)/postgres.h" ] && return 0
  done
  return 1
}

has_roaring() { pkg-config --atleast-version=4.6 roaring 2>/dev/null; }

# Debian's package of a new server makes and starts a cluster "main". Nobody asked for one here, so it is told
# not to while this runs; the machine's own configuration stays as it was.
without_main_cluster() {
  local drop_in=/etc/postgresql-common/createcluster.d/cdp-setup.conf
  mkdir -p "${drop_in%/*}"
  echo 'create_main_cluster = false' >"$drop_in"
  trap "rm -f '$drop_in'" EXIT
  "$@"
}

# Debian's stable releases have an old CRoaring. Its newer package in unstable needs nothing newer than they have;
# an entry for unstable is added next to the machine's own, from the same mirror, and pinned so that nothing but
# these two packages ever comes from there.
add_unstable_for_roaring() {
  local codename uri signed_by
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016
  read -r uri signed_by < <(apt-get indextargets --format '$(CODENAME) $(ORIGIN) $(COMPONENT) $(REPO_URI) $(SIGNED_BY)' \
    'Created-By: Packages' | awk -v name="$codename" '$1 == name && $2 == "Debian" && $3 == "main" { print $4, $5; exit }') || true
  [ -n "$uri" ] || {
    echo "No Debian mirror for '$codename' in apt's configuration; install CRoaring 4.6 or newer by hand (docs/install.md)." >&2
    return 1
  }
  case $signed_by in /*) signed_by="[signed-by=$signed_by] " ;; *) signed_by= ;; esac
  cat >/etc/apt/preferences.d/cdp-roaring <<'PIN'
# Written by cdp's ./dev setup: only CRoaring comes from unstable.
Package: *
Pin: release a=unstable
Pin-Priority: -1

Package: libroaring-dev /^libroaring[0-9]+$/
Pin: release a=unstable
Pin-Priority: 990
PIN
  echo "deb $signed_by$uri unstable main" >/etc/apt/sources.list.d/cdp-roaring.list
  if ! apt-get update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/cdp-roaring.list -o Dir::Etc::sourceparts=- \
    -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any; then
    rm -f /etc/apt/sources.list.d/cdp-roaring.list /etc/apt/preferences.d/cdp-roaring
    echo "The mirror $uri has no unstable; install CRoaring 4.6 or newer by hand (docs/install.md)." >&2
    return 1
  fi
}

packages=("$@")
apt-get update
if ! has_postgres; then
  server=$(apt-cache depends postgresql | awk '$1 == "Depends:" && $2 ~ /^postgresql-[0-9]+$/ { print $2; exit }')
  packages+=("$server" "postgresql-server-dev-${server#postgresql-}")
fi
case " $* " in *' clang '*) # the runtime of the sanitizers and of libFuzzer, a package of its own in newer releases
  runtime=libclang-rt-$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)-dev
  if apt-cache show "$runtime" >/dev/null 2>&1; then packages+=("$runtime"); fi ;;
esac
if [ ${#packages[@]} -gt 0 ]; then without_main_cluster install "${packages[@]}"; fi
if ! has_roaring; then
  candidate=$(apt-cache policy libroaring-dev | awk '$1 == "Candidate:" { print $2 }')
  if ! dpkg --compare-versions "${candidate:-0}" ge 4.6; then add_unstable_for_roaring; fi
  install libroaring-dev
fi
