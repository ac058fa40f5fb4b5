#!/usr/bin/env bats
# doc/compliance.md claims nothing that no test shows.

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PAGE=$TOP/doc/compliance.md
	cd "$TOP"
}

rows() { grep -E '^\| .* \| (yes|no|n/a) \| ' "$PAGE"; }

# is_there FILE TEST
is_there() {
	case $1 in
	*.c) grep -qE "^static void $2\(void \*\*" "$1" && grep -qE "[(]$2[,)]|^\s*$2,$" "$1" ;;
	*.bats) grep -qF "@test \"$2\" {" "$1" ;;
	*.js) grep -qF "test('$2'" "$1" ;;
	*) false ;;
	esac
}

@test "each test that the page names exists and is run" {
	local missing=0 n=0 file name
	while IFS= read -r named; do
		n=$((n + 1))
		file=${named%%: *} name=${named#*: }
		is_there "$file" "$name" || { echo "not there: $file: $name"; missing=$((missing + 1)); }
	done < <(rows | grep -oE '`[a-z0-9/.-]+\.(c|bats|js): [^`]+`' | tr -d '`' | sort -u)
	[ "$n" -gt 100 ]
	[ "$missing" = 0 ]
}

@test "each yes names a test, and nothing else does" {
	[ -z "$(rows | grep '| yes |' | grep -vE '`[a-z0-9/.-]+\.(c|bats|js): ')" ]
	[ -z "$(rows | grep -E '\| (no|n/a) \|' | grep -E '\.(c|bats|js): ')" ]
}

@test "the sums are those of the rows" {
	awk -F ' \\| ' '
		/^## / { section = substr($0, 4) }
		/ \| (yes|no|n\/a) \| / { n[section, $2]++; n["all", $2]++; next }
		section == "Beside C++" && /[0-9] \|$/ {
			name = substr($1, 3); seen++
			for (i = 0; i < 3; i++) {
				split("yes no n/a", answer, " ")
				if (n[name, answer[i + 1]] + 0 != $(i + 3)) { print name ": " answer[i + 1] " is " n[name, answer[i + 1]] + 0; bad = 1 }
			}
			if ($2 != $3 + $4 + $5) { print name ": rows"; bad = 1 }
		}
		END { exit bad || seen < 3 }' "$PAGE"
}
