#!/bin/bash
# The look of every C++ file (clang-format) and the usual mistakes in the core (clang-tidy). TAP on standard
# output. Both tools judge differently from version to version, so both have to be of the version that the
# style files are written for; with another one this says so and checks nothing.
set -uo pipefail
style_version=14
number=0
failed=0

major() { "$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p' | head -n 1; }

report() { # report STATUS NAME
  number=$((number + 1))
  if [ "$1" = 0 ]; then echo "ok $number - $2"; else failed=1 && echo "not ok $number - $2"; fi
}

find_tool() { # the tool's name: with its version where that is installed beside a newer one
  if command -v "$1-$style_version" >/dev/null; then echo "$1-$style_version"; else echo "$1"; fi
}

format=$(find_tool clang-format)
tidy=$(find_tool clang-tidy)
for tool in "$format" "$tidy"; do
  found=$(major "$tool")
  if [ -z "$found" ]; then
    echo "not ok - $tool is not installed"
    exit 1
  fi
  if [ "$found" != $style_version ]; then
    echo "# note: skipped, since $tool is version $found and the style files are for version $style_version"
    echo "ok 1 - # SKIP another version of $tool"
    exit 0
  fi
done

mapfile -t files < <(find src test -name '*.[ch]pp' | sort)
"$format" --dry-run -Werror "${files[@]}"
report $? "clang-format on ${#files[@]} files"

# Only the core: the server's headers are C that these checks know nothing about.
cmake -S . -B build/core >/dev/null || exit 1
mapfile -t sources < <(find src -name '*.cpp' ! -path 'src/pg/*' ! -name '*_pg.cpp' | sort)
printf '%s\0' "${sources[@]}" |
  xargs -0 -n 1 -P "${CDP_JOBS:-2}" "$tidy" --quiet -p build/core 2> >(grep -v 'warnings generated' >&2)
report $? "clang-tidy on ${#sources[@]} core sources"
exit $failed
