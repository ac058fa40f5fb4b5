#!/usr/bin/env bats
# Patterns find what Python's own regular expressions find.

@test "ten thousand patterns made at random find what Python finds" {
	cd "$BATS_TEST_DIRNAME"
	python3 patterns.py "${ORIEL_BUILD:-../../build}/programs/patterns" 10000 1
	python3 patterns.py "${ORIEL_BUILD:-../../build}/programs/patterns" 10000
}
