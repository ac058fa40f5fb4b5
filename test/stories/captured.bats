#!/usr/bin/env bats
# Lines that a program writes already: to syslog, to the journal, to its output.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() {
	collecting_begin
	unset LOG_LEVEL
}
teardown() { watching_end; }

says() {
	wait_for 15 api_says "logs?limit=2000" "$1" || {
		api logs?limit=200
		false
	}
}

# The same bytes and the same end, with and without.
unchanged() {
	local plain=0 watched=0
	"$@" >"$BATS_TEST_TMPDIR/plain" 2>"$BATS_TEST_TMPDIR/plain.err" || plain=$?
	run_watched "$@" >"$BATS_TEST_TMPDIR/watched" 2>"$BATS_TEST_TMPDIR/watched.err" || watched=$?
	[ "$plain" = "$watched" ]
	cmp "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/watched"
	cmp "$BATS_TEST_TMPDIR/plain.err" "$BATS_TEST_TMPDIR/watched.err"
}

@test "what a program tells syslog is in the log, with its severity, and nothing of its output changes" {
	local program
	for program in writes writes-fortified; do
		OTEL_SERVICE_NAME=$program unchanged "$BUILD/programs/$program" syslog
		says "[.logs[] | select(.service == \"$program\") | [.severity, .body]] | sort ==
			[[13, \"3 left\"], [17, \"no file: No such file or directory\"], [21, \"vsyslog\"]]"
	done
	says '.logs | all(.scope == "oriel.syslog" and .attributes["syslog.appname"] == "writes")'
	says '[.logs[] | select(.body == "3 left") | .attributes["syslog.facility.code"]] == [19, 19]'
	nm -D "$BUILD/programs/writes-fortified" | grep -q __syslog_chk
}

@test "what a program tells the journal is in the log, with its fields" {
	unchanged "$BUILD/programs/writes" journal
	says '[.logs[] | [.severity, .body]] | sort == [[10, "located"], [13, "printed 1"], [17, "sent 2"]]'
	says '[.logs[] | select(.body == "sent 2") | .attributes] == [{"order_id": "o-7"}]'
	says '[.logs[] | select(.body == "located") | .attributes["code.file.path"], .attributes["code.line.number"]] == ["some.c", 12]'
}

@test "output isn't looked at unless asked for" {
	unchanged "$BUILD/programs/writes" out
	unchanged "$BUILD/programs/writes" syslog
	says '[.logs[].scope] | unique == ["oriel.syslog"]'
}

@test "lines on standard output and error are in the log, by whichever call, fortified or not" {
	local program
	export ORIEL_CAPTURE=stdout,stderr
	for program in writes writes-fortified; do
		OTEL_SERVICE_NAME=$program unchanged "$BUILD/programs/$program" out
		says "[.logs[] | select(.service == \"$program\" and .attributes[\"log.iostream\"] == \"stdout\") | .body[0:20]] | reverse ==
			[\"printf 7\", \"vfprintf 1\", \"puts\", \"fputs\", \"fwrite\", \"!?\", \"write\", \"two\", \"writev\", \"half done\",
			 \"xxxxxxxxxxxxxxxxxxxx\"]"
		says "[.logs[] | select(.service == \"$program\" and .scope == \"oriel.stderr\") | .body] | reverse ==
			[\"fprintf to stderr\", \"dprintf 2\", \"perror: No such file or directory\",
			 \"$program: warn 1: Permission denied\", \"$program: warnx\"]"
	done
	nm -D "$BUILD/programs/writes-fortified" | grep -q __fprintf_chk
}

@test "one stream may be asked for, and what makes no sense is told" {
	ORIEL_CAPTURE=stderr,log run --separate-stderr -0 run_watched "$BUILD/programs/writes" out
	[[ $stderr == *"ORIEL_CAPTURE: ignoring 'log': neither stdout nor stderr"* ]]
	says '[.logs[].scope] == ["oriel.stderr", "oriel.stderr", "oriel.stderr", "oriel.stderr", "oriel.stderr"]'
}

@test "lines of many threads and of a signal handler stay whole" {
	ORIEL_CAPTURE=stdout run_watched "$BUILD/programs/writes" threads >/dev/null
	wait_for 20 eval '[ "$(($(metric oriel_logs_finished_total) + $(metric oriel_service_losses_total)))" -ge 8000 ]'
	says '.logs | length == 2000 and all(.body | test("^(thread [0-3] line [0-9]+|handled)$"))'
}

@test "a child has its own lines, also when its parent is in the middle of one" {
	ORIEL_CAPTURE=stdout run_watched "$BUILD/programs/writes" fork >/dev/null
	says "[.logs[].body] | sort == [\"child's\", \"half of a line\"]"
}

@test "a line without an end is told when the program ends, and so is why it ends" {
	ORIEL_CAPTURE=stdout,stderr run --separate-stderr -4 run_watched "$BUILD/programs/writes" exit
	[ "$output" = "no end" ]
	[ "$stderr" = "writes: leaving: No such file or directory" ]
	says '[.logs[].body] | sort == ["no end", "writes: leaving: No such file or directory"]'
}

@test "a captured line belongs to the request that it was written in" {
	ORIEL_CAPTURE=stderr serve run_watched "$BUILD/programs/logs" serves
	curl -s "http://$HERE/cart" -H 'X-Request-ID: r-1' >/dev/null
	says '[.logs[] | select(.body == "said in a request") | .attributes.request_id, .attributes.path] == ["r-1", "/cart"]'
	says '.logs | map(select(.body == "said in a request" or .body == "bare") | .trace_id) | unique | length == 1'
}

@test "a line that is an object is taken for what it says" {
	ORIEL_CAPTURE=stdout run_watched "$BUILD/programs/writes" json >"$BATS_TEST_TMPDIR/out"
	grep -q '^{"level":"warn","msg":"from json"' "$BATS_TEST_TMPDIR/out"
	says '[.logs[].body] | sort == ["from json", "other names", "{not json}"]'
	says '[.logs[] | select(.body == "from json")] == [.logs[] | select(.severity == 13 and .time_ns == "1767323045678000000")]'
	says '[.logs[] | select(.body == "from json") | .attributes] ==
		[{"log.iostream": "stdout", "order": 7, "tags": ["a", "b"], "deep": {"x": 1.5}}]'
	says '[.logs[] | select(.body == "other names") | [.severity, .time_ns]] == [[17, "1767323045250000000"]]'
}

# A shell's redirection gives its own descriptor 1 to another file for a moment.
@test "programs from Debian, which write in their own ways" {
	export ORIEL_CAPTURE=stdout,stderr
	unchanged /usr/bin/python3 -c 'import syslog, sys
syslog.openlog("a-script", 0, syslog.LOG_MAIL)
syslog.syslog(syslog.LOG_ERR, "python tells syslog")
print("python prints"); print("python warns", file=sys.stderr)'
	unchanged bash -c 'echo "bash echoes"; printf "bash %s\n" formats; echo "bash warns" >&2'
	unchanged perl -e 'print "perl prints\n"; warn "perl warns\n"'
	unchanged sqlite3 :memory: "select 'sqlite prints'"
	says '[.logs[] | [.scope, .body]] | sort == [
		["oriel.stderr", "perl warns"], ["oriel.stderr", "python warns"], ["oriel.stdout", "bash echoes"],
		["oriel.stdout", "bash formats"], ["oriel.stdout", "bash warns"],
		["oriel.stdout", "perl prints"], ["oriel.stdout", "python prints"], ["oriel.stdout", "sqlite prints"],
		["oriel.syslog", "python tells syslog"]]'
	says '[.logs[] | select(.scope == "oriel.syslog") | .attributes] == [{"syslog.facility.code": 2, "syslog.appname": "a-script"}]'
}
