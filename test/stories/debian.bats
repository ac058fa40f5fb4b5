#!/usr/bin/env bats
# Debian's own programs: test/debian runs them, doc/programs.md has its table.

bats_require_minimum_version 1.5.0
load collecting

# Without versions and counts, which a point release of Debian may change.
rows() { sed -n 's/^| \(.*[^ ]\) [0-9.]* | \(.*\) |$/\1: \2/p' "$1" | sed 's/\([a-z]\) [0-9]*$/\1/'; }

@test "Debian's programs answer the same when they are watched, and doc/programs.md tells what is seen" {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	"$TOP/test/debian" "${ORIEL_BUILD:-$TOP/build}" >"$BATS_TEST_TMPDIR/table" 3>&- 4>&-
	diff <(rows "$TOP/doc/programs.md") <(rows "$BATS_TEST_TMPDIR/table")
}
