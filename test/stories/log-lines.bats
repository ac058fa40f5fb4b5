#!/usr/bin/env bats
# What a service logs is read by people: as lines on standard error, in a file, whole.

bats_require_minimum_version 1.5.0
load collecting
setup() {
	collecting_begin
	for name in $(compgen -e | grep -E '^(LOG|NO_COLOR)'); do
		unset "$name"
	done
	LINES_OF=$BATS_TEST_TMPDIR/lines FILE=$BATS_TEST_TMPDIR/app.log
}
teardown() { collecting_end; }

talks() { "$BUILD/oriel" run -- "$BUILD/programs/talks" "$@" 2>"$LINES_OF"; }

# lines N FILE...: so many are in the files by now
lines() {
	local n=$1
	shift
	[ "$(cat "$@" 2>/dev/null | wc -l)" -ge "$n" ]
}

@test "what a service says is on standard error, and standard output is its own" {
	trace=$(talks span)
	[ ${#trace} = 32 ]
	wait_for 10 lines 1 "$LINES_OF"
	jq -e --arg trace "$trace" '.trace_id == $trace and .level == "error" and .message == "working" and
		.service == "talks" and (.span_id | test("^[0-9a-f]{16}$")) and .well == false' "$LINES_OF"
	jq -e '.timestamp | test("^[0-9-]{10}T[0-9:]{8}[.][0-9]{6}Z$")' "$LINES_OF"
}

@test "a service that says nothing has nothing added, whatever LOG_FORMAT and LOG_FILE are" {
	LOG_FORMAT=pretty LOG_LEVEL=INFO LOG_FILE=$FILE "$BUILD/oriel" run -- sh -c 'echo out; echo err >&2' \
		>"$BATS_TEST_TMPDIR/out" 2>"$LINES_OF"
	"$BUILD/oriel" run -- true
	wait_for 10 api_says runs '[.runs[] | select(.ended_ns)] | length >= 1' || :
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = out ]
	[ "$(cat "$LINES_OF")" = err ]
	[ ! -e "$FILE" ]
}

@test "a terminal gets lines for people, in colour unless NO_COLOR says no" {
	mkfifo "$BATS_TEST_TMPDIR/stay"
	for set in A=b NO_COLOR=1; do
		script -qefc "env $set $BUILD/oriel run -- $BUILD/programs/talks 1; read -r line <$BATS_TEST_TMPDIR/stay" \
			/dev/null >"$LINES_OF.$set" </dev/null 3>&- &
		STARTED+=($!)
		wait_for 10 grep -q talking "$LINES_OF.$set"
		echo >"$BATS_TEST_TMPDIR/stay"
	done
	grep -q $'\e\\[32mINFO' "$LINES_OF.A=b"
	grep -q 'INFO      talking' "$LINES_OF.NO_COLOR=1"
	not grep -q $'\e' "$LINES_OF.NO_COLOR=1"
}

@test "a format that makes no sense is told once, in the format" {
	LOG_FORMAT=xml talks 3
	wait_for 10 lines 4 "$LINES_OF"
	[ "$(jq -r .level "$LINES_OF" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 3 info; 1 warning;' ]
	jq -se 'map(select(.level == "warning"))[0].message | startswith("LOG_FORMAT=xml is not one of")' "$LINES_OF"
}

@test "nothing in a record can break its line" {
	for format in json logfmt text console; do
		LOG_FORMAT=$format talks foul
		wait_for 10 lines 1 "$LINES_OF"
		[ "$(wc -l <"$LINES_OF")" = 1 ]
		not env LC_ALL=C grep -q '[[:cntrl:]]' "$LINES_OF"
		python3 -c 'import sys; assert len(open(sys.argv[1], encoding="utf-8").read().splitlines()) == 1' "$LINES_OF"
		[ "$format" != json ] || jq -e . "$LINES_OF"
	done
}

@test "LOG_FILE gets the lines as well, also where its name is relative" {
	cd "$BATS_TEST_TMPDIR"
	LOG_FILE=app.log talks 5
	wait_for 10 lines 5 "$FILE"
	wait_for 10 lines 5 "$LINES_OF"
	[ "$(jq -s 'map(.i) == [0, 1, 2, 3, 4]' "$FILE")" = true ]
	not grep -q $'\e' "$FILE"
}

@test "a log file that is renamed or removed is made anew" {
	mkfifo "$BATS_TEST_TMPDIR/say"
	LOG_FILE=$FILE talks hear <"$BATS_TEST_TMPDIR/say" 3>&- &
	STARTED+=($!)
	exec 8>"$BATS_TEST_TMPDIR/say"
	echo one >&8
	wait_for 10 grep -q one "$FILE"
	mv "$FILE" "$FILE.old"
	echo two >&8
	wait_for 10 grep -q two "$FILE"
	rm "$FILE"
	echo three >&8
	wait_for 10 grep -q three "$FILE"
	exec 8>&-
	[ "$(wc -l <"$FILE.old")" = 1 ]
}

@test "a folder that can't be written to is told once, and nothing is lost when it can" {
	mkfifo "$BATS_TEST_TMPDIR/say"
	LOG_FILE=$BATS_TEST_TMPDIR/later/app.log talks hear <"$BATS_TEST_TMPDIR/say" 3>&- &
	STARTED+=($!)
	exec 8>"$BATS_TEST_TMPDIR/say"
	echo one >&8
	wait_for 10 grep -q 'log_file: .*later/app.log: No such file' "$LINES_OF"
	echo two >&8
	mkdir "$BATS_TEST_TMPDIR/later"
	wait_for 40 lines 2 "$BATS_TEST_TMPDIR/later/app.log"
	wait_for 10 grep -q 'log_file: works again' "$LINES_OF"
	exec 8>&-
	[ "$(grep -c 'log_file' "$LINES_OF")" = 2 ]
	[ "$(jq -r .message "$BATS_TEST_TMPDIR/later/app.log" | tr '\n' ' ')" = 'one two ' ]
}

all_lines() { lines "$1" "$FILE" "$FILE".*; }

# talks_all N SEGMENT: four processes at once, of two collectors, say N lines each into one file
talks_all() {
	local i other=$ORIEL_RUN_DIR/other
	mkdir -m 700 "$other"
	export LOG_FORMAT=json ORIEL_LOG_FILE_SIZE=1000000 ORIEL_LOG_FILE_KEPT=10000 ORIEL_SEGMENT_SIZE=$2
	for i in 1 2 3 4; do
		[ $i -lt 3 ] || export ORIEL_RUN_DIR=$other ORIEL_DATA_DIR=$BATS_TEST_TMPDIR/other
		LOG_FILE=$FILE "$BUILD/oriel" run -- "$BUILD/programs/talks" "$1" 150 2>/dev/null 3>&- &
	done
	wait
	wait_for 120 all_lines $((4 * $1))
	kill "$(collector_pid)"
	export ORIEL_RUN_DIR=${other%/other}
}

# TORN_LINES=150000 test/stories/log-lines.bats is 4 times 50 MB
@test "four processes of two collectors and rotation: every line parses, and none is lost" {
	n=${TORN_LINES:-10000}
	talks_all "$n" $((n * 400 + 1048576))
	python3 - "$n" "$FILE" <<-'END'
		import collections, glob, json, os, sys
		n, path = int(sys.argv[1]), sys.argv[2]
		files = glob.glob(path + "*")
		seen = collections.defaultdict(set)
		for name in files:
		    assert os.path.getsize(name) <= 1000000, name
		    for line in open(name, "rb"):
		        record = json.loads(line)
		        seen[record["pid"]].add(record["i"])
		assert len(files) > 4 * n * 300 // 1000000, len(files)
		assert [len(s) for s in seen.values()] == [n] * 4, {p: len(s) for p, s in seen.items()}
	END
}

@test "a full disk is told once, and what it has no room for is counted" {
	LOG_FILE=/dev/full ORIEL_LINGER=1 talks 10
	wait_for 10 grep -q 'log_file: /dev/full: No space left on device; trying again' "$LINES_OF"
	wait_for 30 api_says status '.destinations == []'
	[ "$(metric oriel_export_dropped_closing_total)" = 10 ]
	[ "$(grep -c log_file "$LINES_OF")" = 1 ]
}

@test "what oriel run has told of a setting isn't told again, and a hook that fired adds nothing" {
	ORIEL_EXCLUDED_URLS='(' talks 1
	wait_for 10 grep -q talking "$LINES_OF"
	[ "$(grep -c 'EXCLUDED_URLS' "$LINES_OF")" = 1 ]
	ORIEL_BOOTSTRAP=/nonexistent.so LOG_FILE=$FILE ORIEL_LOG_FORMAT=json talks 1
	wait_for 10 grep -q talking "$LINES_OF"
	[ "$(jq -r .logger "$LINES_OF" | grep -c oriel.bootstrap)" = 1 ]
	wait_for 10 grep -q '"logger":"oriel.bootstrap"' "$FILE"
}

@test "the keys are those of the system that is asked for" {
	keys() {
		ORIEL_LOG_PROFILE=$1 talks span >/dev/null
		wait_for 10 lines 1 "$LINES_OF"
		jq -r 'keys_unsorted | join(" ")' "$LINES_OF" | sed 's/ file .*//; s/ filename .*//'
	}
	[ "$(keys nori)" = 'timestamp level logger message service trace_id span_id well' ]
	[ "$(keys tomodachi)" = 'timestamp logger level message well span_id trace_id service' ]
	[[ "$(ORIEL_LOG_PROFILE=structlog talks span >/dev/null; wait_for 10 lines 1 "$LINES_OF"; jq -r 'keys_unsorted | join(" ")' "$LINES_OF")" =~ ^well.*'trace_flags logger event level timestamp'$ ]]
}

@test "the document has the keys that the profiles have" {
	python3 - "$TOP" <<-'END'
		import re, subprocess, sys
		top = sys.argv[1]
		code = subprocess.run(["cc", "-E", "-P", "-D_GNU_SOURCE", "-I" + top, top + "/export/log-profile.c"],
		                      check=True, capture_output=True, text=True).stdout
		code = code[code.index("log_profiles[] ="):]
		table = {}
		for name, about in re.findall(r'\.name = \{ "(\w+)",(.*?)(?=\.name = )', code, re.S):
		    table[name] = " ".join(re.findall(r'\{ LOG_\w+, \{ "([^"]+)"', about))
		doc = dict(re.findall(r"^\| `(\w+)` \| ((?:\S+ ){9,}\S+) \|$", open(top + "/doc/logs.md").read().split("profiles: ")[1].split("## ")[0], re.M))
		assert len(table) == 5, table
		assert doc == table, (doc, table)
	END
}

@test "the documents name every variable of logs that there is" {
	n=0
	for name in $(grep -oE '"(ORIEL_(LOG|ACCESS_LOG|SLOW)[A-Z_]*|LOG_[A-Z_]*)"' "$TOP/launch/variables.c" | tr -d '"'); do
		grep -q "\`$name" "$TOP/doc/logs.md" "$TOP/doc/log-calls.md" || {
			echo "$name"
			false
		}
		n=$((n + 1))
	done
	[ $n -ge 9 ]
}
