#!/usr/bin/env bats
# What `oriel run` does to a program: nothing that it would notice.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	ORIEL=$BUILD/oriel
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

# Quiet about what these programs don't use: that is another story.
oriel_run() { "$ORIEL" run "$@" 2>"$BATS_TEST_TMPDIR/said"; }

@test "the program has the pid that oriel had" {
	"$ORIEL" run -- sh -c 'echo $$ >pid' &
	pid=$!
	wait $pid
	[ "$(cat pid)" = $pid ]
}

@test "the program's standard output is exactly its own, and a substitution ends" {
	x=$(oriel_run -- echo hi)
	[ "$x" = hi ]
}

@test "the program's exit status is oriel's" {
	run -42 "$ORIEL" run -- sh -c 'exit 42'
	run -0 "$ORIEL" run -- true
}

@test "a program that a signal ends has ended by that signal" {
	run "$ORIEL" run -- sh -c 'kill -TERM $$'
	[ "$status" = 143 ]
}

@test "arguments arrive as they were, empty ones and odd ones too" {
	oriel_run -- printf '<%s>\n' '' 'a  b' $'new\nline' '--help' '*' >with
	printf '<%s>\n' '' 'a  b' $'new\nline' '--help' '*' >without
	cmp with without
}

@test "the environment arrives, and only what Oriel needs is added" {
	env -i PATH="$PATH" ODD=$'a\nb' ORIEL_RUN_DIR="$ORIEL_RUN_DIR" ORIEL_DATA_DIR="$ORIEL_DATA_DIR" \
		ORIEL_LISTEN="$ORIEL_LISTEN" TRACEPARENT=00-1-2-01 "$ORIEL" run -- env -0 2>said >with
	tr '\0' '\n' <with | grep -aoE '^[A-Z_]+=' | sort | tr -d '\n=' >names
	printf '%s\n' ODD= ORIEL_DATA_DIR= ORIEL_ENDPOINT_IS_OURS= ORIEL_LISTEN= ORIEL_RUN_DIR= OTEL_EXPORTER_OTLP_ENDPOINT= OTEL_EXPORTER_OTLP_PROTOCOL= PATH= TRACEPARENT= \
		ORIEL_RUN_ID= LD_PRELOAD= ASAN_OPTIONS= | sort | tr -d '\n=' >expected
	diff names expected
	grep -zqx 'TRACEPARENT=00-1-2-01' with
}

@test "the program finds the descriptors that it would have found without oriel" {
	exec 7</dev/null
	2>said sh -c 'ls -l /proc/self/fd | sed "s/.* \([0-9]* ->\)/\1/; s/[0-9]*\]//; s,/proc/[0-9]*/,/proc/," | grep -e "->"' >without
	oriel_run -- sh -c 'ls -l /proc/self/fd | sed "s/.* \([0-9]* ->\)/\1/; s/[0-9]*\]//; s,/proc/[0-9]*/,/proc/," | grep -e "->"' >with
	grep -q '^7 ->' with
	diff without with
}

@test "ignored and blocked signals are as they were" {
	python3 - "$ORIEL" <<-'END'
		import os, signal, subprocess, sys
		signal.signal(signal.SIGUSR1, signal.SIG_IGN)
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
		show = ["grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"]
		plain = subprocess.run(show, stdout=subprocess.PIPE, restore_signals=False).stdout
		ours = subprocess.run([sys.argv[1], "run", "--"] + show, stdout=subprocess.PIPE,
				      stderr=subprocess.DEVNULL, restore_signals=False).stdout
		sys.exit(not (plain == ours and plain))
	END
}

@test "a program that isn't there is 127, as in a shell" {
	run -127 "$ORIEL" run -- no-such-program-here
	[ "$output" = "oriel: no-such-program-here: command not found" ]
	run -127 "$ORIEL" run -- ./nor-here
	[ "$output" = "oriel: ./nor-here: no such file" ]
}

@test "a file that may not be executed is 126" {
	echo text >file
	run -126 "$ORIEL" run -- ./file
	[[ $output == *"can't be executed"* ]]
}

@test "a script whose interpreter is missing says which one" {
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	run -126 "$ORIEL" run -- ./script
	[[ $output == *"needs /no/such/interpreter, which isn't there"* ]]
}

@test "a script without a first line runs, as a shell would run it" {
	echo 'echo from the script' >script
	chmod +x script
	[ "$(oriel_run -- ./script)" = "from the script" ]
}

@test "a static program runs, and one line says why it isn't watched" {
	cc -static -xc -o static - <<<'int main(void) { return 9; }'
	run -9 "$ORIEL" run -- ./static
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"static is linked statically"* ]]
}

@test "with --strict what can't be watched isn't started" {
	cc -static -xc -o static - <<<'int main(void) { return 9; }'
	run -125 "$ORIEL" run --strict -- ./static
}

@test "a program built for musl starts, which it wouldn't with the agent" {
	command -v musl-gcc || skip "no musl-gcc"
	musl-gcc -xc -o on-musl - <<<'int main(void) { return 8; }'
	run -8 "$ORIEL" run -- ./on-musl
	[[ $output == *"runs on musl"* ]]
}

@test "a program built with AddressSanitizer starts" {
	cc -fsanitize=address -xc -o with-asan - <<<'int main(void) { return 6; }' || skip "no libasan"
	run -6 "$ORIEL" run -- ./with-asan
	run -6 "$ORIEL" run -- sh -c './with-asan'
}

@test "a program starts under a limit of address space that leaves no room for the agent" {
	[[ $(ldd "$ORIEL") != *libasan* ]] || skip "a sanitizer needs more"
	# Whatever the limit is: with the agent there were some under which it didn't start.
	for kib in 5000 7000 9000; do
		(ulimit -v "$kib" && exec /bin/true) || continue
		(ulimit -v "$kib" && exec "$ORIEL" run -- /bin/true) 2>narrow || {
			cat narrow
			return 1
		}
		grep -q "^oriel: true may use less than 128 MiB" narrow
	done
	[ -s narrow ]
	run -0 oriel_run -- sh -c 'ulimit -v 7000; /bin/true'
	not grep . "$BATS_TEST_TMPDIR/said"
	run -3 oriel_run -- prlimit --as=7000000 sh -c 'exit 3'
}

@test "nothing is said about a program that is watched, when nobody reads along" {
	run --separate-stderr "$ORIEL" run -- sqlite3 :memory: 'select 1'
	[ "$output" = 1 ]
	[ -z "$stderr" ]
}

@test "with --verbose it says where the page is, and the page is there" {
	run --separate-stderr "$ORIEL" run --verbose -- sqlite3 :memory: 'select 1'
	[[ $stderr =~ "oriel: watching sqlite3, page at "(http://127\.0\.0\.1:[0-9]+/) ]]
	curl -sf "${BASH_REMATCH[1]}" >page
	grep -qi '<html' page
}

@test "an agent that lacks a library doesn't keep the program from starting" {
	mkdir alone
	cp "$BUILD/liboriel-agent.so" alone
	run -0 "$ORIEL" run --agent alone/liboriel-agent.so -- echo hi
	[[ $output == *"or a library that it needs"*hi ]]
}

@test "what an option says is in the program's environment, and wins" {
	export OTEL_SERVICE_NAME=from-environment
	[ "$(oriel_run --service-name one -- printenv OTEL_SERVICE_NAME)" = one ]
	[ "$(oriel_run --service_name=two -- printenv OTEL_SERVICE_NAME)" = two ]
	[ "$(oriel_run -- printenv OTEL_SERVICE_NAME)" = from-environment ]
	[ "$(oriel_run --exporter-otlp-logs-headers a=b printenv OTEL_EXPORTER_OTLP_LOGS_HEADERS)" = a=b ]
}

@test "a misspelt option is refused with the right one" {
	run -64 "$ORIEL" run --servce-name x -- true
	[[ $output == *"unknown option --servce-name; did you mean --service-name?"* ]]
}

@test "OTEL_LOG_LEVEL says how much oriel says itself" {
	export ORIEL_EXCLUDED_URLS='('
	OTEL_LOG_LEVEL=warn oriel_run -- true
	grep -q EXCLUDED_URLS said
	not grep -qE 'collecting|run started' "$ORIEL_DATA_DIR/collector.log"
	OTEL_LOG_LEVEL=error oriel_run -- true
	[ ! -s said ]
	OTEL_LOG_LEVEL=loud oriel_run -- true
	grep -q "OTEL_LOG_LEVEL: ignoring 'loud'" said
}

@test "an exporter that doesn't exist is told to those who started the service" {
	run "$ORIEL" run --traces-exporter consle -- sqlite3 :memory: 'select 1'
	[ "$status" = 0 ]
	[[ $output == *'there is no exporter "consle"'* ]]
}

@test "the run and its span are on the page" {
	oriel_run --service-name till -- sqlite3 :memory: 'select 42'
	wait_for 10 api_says runs '.runs[0].status == "exit 0" and (.runs[0].command | startswith("sqlite3"))'
	wait_for 10 api_says 'traces?service=till' '.traces | length == 1'
}

@test "the console exporter prints to the run's own output before it ends" {
	x=$(oriel_run --traces-exporter console -- sqlite3 :memory: 'select 42')
	[[ $x == 42$'\n'*'db.query.text="select ?"'* ]]
}

@test "its output ends with it, though a backend is away" {
	export OTEL_TRACES_EXPORTER=console,otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1
	x=$(oriel_run -- sqlite3 :memory: 'select 42')
	[[ $x == 42$'\n'*'db.query.text="select ?"'* ]]
	api_says status '.destinations | any(.name == "otlp" and .queued > 0)'
}

@test "runs that start at once share one collector" {
	for i in 1 2 3 4 5 6; do
		"$ORIEL" run --verbose -- sqlite3 :memory: 'select 1' 2>"said.$i" >/dev/null &
	done
	wait
	[ "$(sed 's/.*page at //' said.* | sort -u | grep -c http)" = 1 ]
	[ "$(grep -c ' collecting pid=' "$ORIEL_DATA_DIR/collector.log")" = 1 ]
}

@test "a collector that was killed is replaced by the next run" {
	oriel_run -- sqlite3 :memory: 'select 1'
	wait_for 10 api_says traces '.traces | length == 1'
	first=$(collector_pid)
	kill -9 "$first"
	wait_for 5 gone "$first"
	oriel_run -- sqlite3 :memory: 'select 1'
	second=$(collector_pid)
	[ "$first" != "$second" ]
	kill -0 "$second"
	wait_for 10 api_says traces '.traces | length == 2'
}

@test "a run that a collector was killed under is not running for ever" {
	"$ORIEL" run -- sleep 60 &
	pid=$!
	wait_for 10 api_says runs '.runs | length == 1'
	kill -9 "$(collector_pid)" $pid
	wait $pid || :
	oriel_run -- sqlite3 :memory: 'select 1'
	wait_for 10 api_says runs '.runs | length == 2 and all(has("ended_ns"))'
}

@test "without a place for the collector the program runs all the same" {
	chmod 755 "$ORIEL_RUN_DIR"
	run -3 "$ORIEL" run -- sh -c 'exit 3'
	[[ $output == *"no collector: "*"is open to others"*"the command runs all the same"* ]]
	run -125 "$ORIEL" run --strict -- sh -c 'exit 3'
}

@test "the collector holds nothing of the service: no descriptor, no directory, no terminal" {
	cd "$BATS_TEST_TMPDIR"
	exec 8</etc/passwd
	oriel_run -- sqlite3 :memory: 'select 1'
	pid=$(collector_pid)
	[ "$(readlink /proc/$pid/cwd)" = / ]
	if ls -l /proc/$pid/fd | grep -q passwd; then return 1; fi
	[ "$(ps -o sid= -p $pid | tr -d ' ')" != "$(ps -o sid= -p $$ | tr -d ' ')" ]
	if tr '\0' '\n' </proc/$pid/environ | grep -qE '^(LD_PRELOAD|ORIEL_RUN_ID)='; then return 1; fi
}

@test "a run whose end no collector saw has ended for the next one" {
	"$ORIEL" run -- sh -c 'exec sleep 60' 2>/dev/null 3>&- 4>&- &
	pid=$!
	wait_for 10 api_says runs '.runs | length == 1'
	kill -9 "$(collector_pid)"
	kill -9 $pid
	wait $pid || :
	rm -f "$ORIEL_RUN_DIR"/*.segment
	oriel_run -- sqlite3 :memory: 'select 1'
	wait_for 10 api_says runs '.runs | length == 2 and all(has("ended_ns"))'
}

@test "as PID 1 everything is in the store before the container ends" {
	unshare --pid --fork true 2>/dev/null || skip "no namespaces here"
	for i in 1 2 3 4 5; do
		unshare --pid --fork --kill-child "$ORIEL" run --service-name till.$i -- sqlite3 :memory: 'select 1'
		rm -f "$ORIEL_RUN_DIR/collector.pid"
	done
	oriel_run -- true
	wait_for 10 api_says traces '.traces | length == 5'
}

@test "with a disabled SDK no collector is started" {
	[ "$(oriel_run --sdk-disabled -- echo hi)" = hi ]
	[ -z "$(collector_pid)" ]
}

@test "as PID 1 it reaps, passes signals on, and ends with the program's status" {
	unshare --pid --fork true 2>/dev/null || skip "no namespaces here"
	run unshare --pid --fork --kill-child "$ORIEL" run -- sh -c '(sleep 0.1 & ) ; exit 5'
	[ "$status" = 5 ]
	run unshare --pid --fork --kill-child "$ORIEL" run -- sh -c 'kill -9 $$'
	[ "$status" = 137 ]
	rm -f "$ORIEL_RUN_DIR/collector.pid" # its pid means nothing out here
}

@test "as PID 1 it passes SIGTERM on, and waits until a slow backend has taken what there was" {
	unshare --pid --fork true 2>/dev/null || skip "no namespaces here"
	start sink "$BUILD/programs/sink" slow
	export OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=$ADDRESS
	unshare --pid --fork "$ORIEL" run -- sh -c 'trap "sqlite3 :memory: \"select 1\"; exit 7" TERM; : >ready; while :; do sleep 0.1; done' 3>&- 4>&- &
	outer=$!
	wait_for 10 test -e ready
	kill -TERM "$(pgrep -P $outer)"
	status=0
	wait $outer || status=$?
	[ "$status" = 7 ]
	[[ $(curl -s "$ADDRESS/count") == 1\ * ]]
	rm -f "$ORIEL_RUN_DIR/collector.pid" # its pid means nothing out here
}

@test "as an init it passes SIGTERM on and reaps orphans" {
	"$ORIEL" run --init -- python3 -c 'if True:
		import os, signal, sys, time
		signal.signal(signal.SIGTERM, lambda *a: sys.exit(11))
		if os.fork() == 0:
			if os.fork() == 0:
				time.sleep(0.05)
			os._exit(0)
		os.wait()
		open("ready", "w").close()
		while True:
			signal.pause()' 3>&- 4>&- &
	init=$!
	wait_for 10 test -e ready
	no_zombies() { ! ps -o stat= --ppid $init | grep -q Z; }
	wait_for 10 no_zombies
	kill -TERM $init
	status=0
	wait $init || status=$?
	[ "$status" = 11 ]
}

@test "as an init it has delivered everything when it ends" {
	run "$ORIEL" run --init --service-name last -- sqlite3 :memory: 'select 1'
	api_says 'traces?service=last' '.traces | length == 1'
}
