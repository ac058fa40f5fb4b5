#!/usr/bin/env bats
# A crash becomes an error that says where, in its trace, and the program dies as it would have.

bats_require_minimum_version 1.5.0
load collecting
setup() { collecting_begin; }
teardown() { collecting_end; }

CRASH='[.logs[] | select(.attributes["oriel.crash"])][0]'

# crashes STATUS HOW...: the trace's crash record is in crash.json
crashes() {
	local expected=$1
	shift
	run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/crash" "$@"
	echo "$output"
	echo "$stderr"
	[ "$status" = "$expected" ]
	is_told "${lines[0]}"
}

is_told() {
	TRACE=$1
	[[ $TRACE =~ ^[0-9a-f]{32}$ ]]
	wait_for 20 api_says "traces/$TRACE" "$CRASH != null and (.spans | length) == 2" || {
		api "traces/$TRACE" | jq '{spans, logs}'
		return 1
	}
	api "traces/$TRACE" >"$BATS_TEST_TMPDIR/trace.json"
	jq "$CRASH" "$BATS_TEST_TMPDIR/trace.json" >"$BATS_TEST_TMPDIR/crash.json"
	jq -r '.attributes["exception.stacktrace"]' "$BATS_TEST_TMPDIR/crash.json"
}

crash() { jq -e "$1" "$BATS_TEST_TMPDIR/crash.json"; }

# frames NAME...: these functions, innermost first, others may lie between; then the usual ones.
frames() {
	local wanted
	wanted=$(printf '%s\n' "$@" check_out serve crasher | jq -R . | jq -sc .)
	crash "[.attributes[\"oriel.frames\"][] | .function // \"\"] as \$f |
		reduce $wanted[] as \$w (0; if . < 0 then . else
			. as \$from | [range(\$from; \$f | length) | select(\$f[.] == \$w)][0] // -2 | . + 1 end) > 0"
}

@test "a segmentation fault is told with its function, file, line and thread" {
	crashes 139 segv
	frames die_here
	crash '.severity == 21 and .attributes["exception.type"] == "SIGSEGV" and .attributes["signal.address"] == "0x8"'
	crash '.attributes["oriel.frames"][0] | .function == "die_here" and (.file | endswith("crash.c")) and .line > 50 and
		(.build_id | length) == 40 and (.module | endswith("programs/crash"))'
	crash '.attributes["thread.name"] == "crasher" and .attributes["oriel.registers"].rip == .attributes["oriel.frames"][0].address'
	crash '[.attributes["oriel.breadcrumbs"][].message] | index("about to crash")'
}

@test "the trace shows where it died: the innermost open span has the exception" {
	crashes 139 segv
	jq -e '.spans[] | select(.name == "pay") | .status == "error" and .status_message == "process died of SIGSEGV" and
		(.events[0] | .name == "exception" and .attributes["exception.type"] == "SIGSEGV")' "$BATS_TEST_TMPDIR/trace.json"
	jq -e '.spans[] | select(.name == "checkout") | .status == "error" and .end == "orphaned" and (.events // [] | length) == 0' \
		"$BATS_TEST_TMPDIR/trace.json"
	crash '.span_id' | grep -q "$(jq -r '.spans[] | select(.name == "pay") | .span_id' "$BATS_TEST_TMPDIR/trace.json")"
}

@test "SIGBUS, SIGFPE and SIGILL" {
	crashes 135 bus
	frames beyond_a_file die_here
	crashes 136 fpe
	frames die_here
	crash '.attributes["exception.message"] == "integer division by zero"'
	crashes 132 ill
	frames die_here
}

@test "abort, an assertion, a broken heap, and what _FORTIFY_SOURCE and the stack protector find" {
	crashes 134 abort
	frames abort die_here
	crashes 134 assert
	frames abort die_here
	crash '.attributes["exception.message"] | contains("Assertion `!\"all is well\"'"'"' failed")'
	crashes 134 heap
	frames abort corrupt_heap
	crash '.attributes["exception.message"] | contains("double free")'
	crashes 134 fortify
	frames abort copy_too_much die_here
	crash '.attributes["exception.message"] | contains("buffer overflow detected")'
	crashes 134 smash
	crash '.attributes["exception.message"] | contains("stack smashing detected")'
}

@test "a call of nothing, an address that none can have, and a signal that was sent" {
	crashes 139 null
	frames die_here
	crashes 139 wild
	frames die_here
	crashes 139 raise
	frames raise die_here
}

@test "a stack that is used up, of a thread, of one with its own alternate stack, and of the first" {
	crashes 139 overflow
	crash '.attributes["exception.message"] | startswith("stack overflow")'
	frames go_deeper go_deeper die_here
	crashes 139 overflow stack
	frames go_deeper go_deeper die_here
	crashes 139 main
	crash '[.attributes["oriel.frames"][].function] | index("main")'
}

@test "in a thread of 16 KiB there is room for all of it but its own overflow" {
	crashes 139 segv small
	frames die_here
	run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/crash" overflow small
	[ "$status" = 139 ]
	wait_for 20 api_says "logs?limit=500" 'any(.logs[]; .body == "process died of SIGSEGV" and .severity == 21)'
}

@test "the program's own handler runs, set before or after, and the crash is told" {
	local when
	for when in before after; do
		crashes 139 segv $when
		[ "${lines[1]}" = "own handler" ]
		frames die_here
		crashes 134 abort $when
		[ "${lines[1]}" = "own handler" ]
		frames abort die_here
	done
	crashes 7 own-exit after
	frames die_here
	crashes 134 own-abort after
	crash '.attributes["exception.type"] == "SIGSEGV" and .attributes["signal.then"] == "SIGABRT"'
	frames die_here
	crashes 139 own-raise after
	crash '.attributes["signal.code_name"] == "SEGV_MAPERR"'
	frames die_here
}

@test "a fault that the program survives is no crash" {
	run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/crash" survive after
	[ "$status" = 0 ]
	wait_for 20 api_says "traces/${lines[0]}" '(.spans | length) == 2 and any(.logs[]; .body == "survived")'
	api_says "traces/${lines[0]}" 'all(.spans[]; .status == "unset") and all(.logs[]; .severity < 21)'
}

@test "ORIEL_CRASH_HANDLER=off leaves it out: the signal is told, nothing else" {
	run --separate-stderr "$BUILD/oriel" run --crash-handler off -- "$BUILD/programs/crash" segv
	[ "$status" = 139 ]
	wait_for 20 api_says "logs?limit=500" 'any(.logs[]; .body == "process died of SIGSEGV")'
	api_says "logs?limit=500" 'all(.logs[]; .attributes["oriel.frames"] == null)'
}

@test "a collector that starts only afterwards misses nothing" {
	ORIEL_COLLECTOR=none run --separate-stderr "$BUILD/programs/crash" segv
	[ "$status" = 139 ]
	[ -z "$(collector_pid)" ]
	"$BUILD/oriel" run -- true
	is_told "${lines[0]}"
	frames die_here
	crash '[.attributes["oriel.breadcrumbs"][].message] | index("about to crash")'
	jq -e '.spans[] | select(.name == "pay") | .events[0].name == "exception"' "$BATS_TEST_TMPDIR/trace.json"
}

@test "a stripped library has the names that it exports, and all of them by a separate debug file" {
	cd "$BATS_TEST_TMPDIR"
	printf '#include <stdlib.h>\nstatic __attribute__((noinline)) int inner(int *p) { return *p + 1; }\n%s\n' \
		'int outer(int *p) { return inner(p) * 2; }' >lib.c
	printf '#include <oriel.h>\nint outer(int *);\nint main(void) { oriel_start(0); ORIEL_SPAN("use") { char t[33]; oriel_trace_id(t); puts(t); fflush(stdout); return outer((int *)64); } }\n' |
		sed '1i #include <stdio.h>' >program.c
	gcc -g -O1 -shared -fPIC -Wl,--build-id -o libbroken.so lib.c
	gcc -g -O1 -o program program.c -I"$TOP/include" -L. -lbroken -L"$BUILD" -loriel -Wl,-rpath,"$PWD:$BUILD"
	objcopy --only-keep-debug libbroken.so libbroken.so.debug
	strip libbroken.so
	run --separate-stderr "$BUILD/oriel" run -- ./program
	TRACE=${lines[0]}
	wait_for 20 api_says "traces/$TRACE" "$CRASH != null"
	api_says "traces/$TRACE" "$CRASH | .attributes[\"oriel.frames\"] | .[0].function == null and .[1].function == \"outer\" and .[2].function == \"main\""
	objcopy --add-gnu-debuglink=libbroken.so.debug libbroken.so
	run --separate-stderr "$BUILD/oriel" run -- ./program
	TRACE=${lines[0]}
	wait_for 20 api_says "traces/$TRACE" "$CRASH != null"
	api_says "traces/$TRACE" "$CRASH | .attributes[\"oriel.frames\"] | .[0].function == \"inner\" and .[0].line == 2 and .[1].line == 3"
}

@test "a C++ exception that nobody catches has its type and where it was thrown" {
	cd "$BATS_TEST_TMPDIR"
	cat >throws.cc <<-'END'
		#include <cstdio>
		#include <stdexcept>
		#include <oriel.h>
		namespace shop {
		struct Cart {
			__attribute__((noinline)) void add(int n) { if (n > 0) throw std::runtime_error("full"); }
		};
		}
		int main()
		{
			oriel_start(nullptr);
			char trace[33];
			oriel_span span = oriel_span_start("throwing");
			oriel_trace_id(trace);
			puts(trace);
			fflush(stdout);
			shop::Cart().add(1);
			oriel_span_end(&span);
		}
	END
	g++ -g -O1 -o throws throws.cc -I"$TOP/include" -L"$BUILD" -loriel -Wl,-rpath,"$BUILD"
	run --separate-stderr "$BUILD/oriel" run -- ./throws
	[ "$status" = 134 ]
	TRACE=${lines[0]}
	wait_for 20 api_says "traces/$TRACE" "$CRASH != null"
	api_says "traces/$TRACE" "$CRASH | .attributes[\"exception.type\"] == \"std::runtime_error\" and
		([.attributes[\"oriel.frames\"][].function] | index(\"shop::Cart::add\"))"
}

# core FILE WHERE: signal and instruction pointer of the thread that died
core() {
	python3 - "$1" <<-'END'
		import struct, sys
		d = open(sys.argv[1], "rb").read()
		phoff, = struct.unpack_from("<Q", d, 32)
		phnum, = struct.unpack_from("<H", d, 56)
		for i in range(phnum):
		    kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", d, phoff + 56 * i)
		    if kind != 4:
		        continue
		    name_n, desc_n, note = struct.unpack_from("<III", d, offset)
		    at = offset + 12 + (name_n + 3 & ~3)
		    assert note == 1
		    signal, = struct.unpack_from("<i", d, at)
		    rip, = struct.unpack_from("<Q", d, at + 112 + 16 * 8)
		    print(signal, hex(rip))
		    break
	END
}

@test "the core dump is of the instruction that faulted, as without us" {
	[ "$(cat /proc/sys/kernel/core_pattern)" = core ] || skip "core dumps go elsewhere here"
	local how with without
	export ASAN_OPTIONS=$ASAN_OPTIONS:disable_coredump=0 # an `oriel` with it
	mkdir "$BATS_TEST_TMPDIR/core" && cd "$BATS_TEST_TMPDIR/core"
	ulimit -c unlimited
	for how in segv ill fpe; do
		rm -f core*
		run env OTEL_SDK_DISABLED=true setarch -R "$BUILD/programs/crash" $how
		without="$status $(core core*)"
		rm -f core*
		run setarch -R "$BUILD/oriel" run -- "$BUILD/programs/crash" $how
		with="$status $(core core*)"
		echo "$how: $without | $with"
		[ "$with" = "$without" ]
	done
}

@test "Sentry gets the crash with its frames, thread, registers, images and breadcrumbs" {
	local port
	port=$(free_port)
	cat >"$BATS_TEST_TMPDIR/sink.py" <<-'END'
		import gzip, http.server, sys
		class Sink(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        body = self.rfile.read(int(self.headers["Content-Length"]))
		        if self.headers.get("Content-Encoding") == "gzip":
		            body = gzip.decompress(body)
		        with open(sys.argv[2], "ab") as f:
		            f.write(body if body.endswith(b"\n") else body + b"\n")
		        self.send_response(200)
		        self.send_header("Content-Length", "2")
		        self.end_headers()
		        self.wfile.write(b"{}")
		    def log_message(self, *a): pass
		server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Sink)
		print(f"http://127.0.0.1:{sys.argv[1]}", flush=True)
		server.serve_forever()
	END
	start sink python3 "$BATS_TEST_TMPDIR/sink.py" "$port" "$BATS_TEST_TMPDIR/envelopes"
	SENTRY_DSN=http://key@127.0.0.1:$port/1 run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/crash" segv
	[ "$status" = 139 ]
	wait_for 20 grep -qa signalhandler "$BATS_TEST_TMPDIR/envelopes"
	grep -a signalhandler "$BATS_TEST_TMPDIR/envelopes" >"$BATS_TEST_TMPDIR/event.json"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/event.json")" = 1 ]
	jq -e --arg trace "${lines[0]}" '.level == "fatal" and .contexts.trace.trace_id == $trace and (.release | endswith("1.2.3"))' "$BATS_TEST_TMPDIR/event.json"
	jq -e '.exception.values[0] | .type == "SIGSEGV" and .value == "address not mapped at 0x8" and .mechanism.meta.signal.code_name == "SEGV_MAPERR" and
		(.stacktrace.frames[-1].function == "die_here") and (.stacktrace.frames[-4].function == "crasher") and (.stacktrace.registers.rip | startswith("0x"))' \
		"$BATS_TEST_TMPDIR/event.json"
	jq -e '.threads.values[0] | .name == "crasher" and .crashed' "$BATS_TEST_TMPDIR/event.json"
	jq -e 'any(.debug_meta.images[]; (.code_file | endswith("programs/crash")) and (.debug_id | length) == 36)' "$BATS_TEST_TMPDIR/event.json"
	jq -e 'any(.breadcrumbs.values[]; .message == "about to crash")' "$BATS_TEST_TMPDIR/event.json"
}

@test "a sanitizer in the program reports as ever: we stand aside" {
	cd "$BATS_TEST_TMPDIR"
	printf '#include <oriel.h>\nint main(void) { oriel_start(0); oriel_info("here"); *(volatile int *)8 = 1; }\n' >program.c
	gcc -g -fsanitize=address -o program program.c -I"$TOP/include" -L"$BUILD" -loriel -Wl,-rpath,"$BUILD"
	ORIEL_COLLECTOR=none run --separate-stderr env -u ASAN_OPTIONS ./program
	[ "$status" = 1 ]
	[[ $stderr == *"AddressSanitizer: SEGV on unknown address 0x000000000008"*"#0 "*"in main"* ]]
}

@test "a child that vfork made, and that crashes, is no crash of its parent's" {
	cd "$BATS_TEST_TMPDIR"
	cat >program.c <<-'END'
		#include <oriel.h>
		#include <signal.h>
		#include <sys/wait.h>
		#include <unistd.h>
		int main(void)
		{
			int status;
			oriel_start(0);
			if (vfork() == 0) {
				signal(SIGSEGV, SIG_DFL);
				*(volatile int *)8 = 1;
				_exit(0);
			}
			wait(&status);
			oriel_info("goes on");
			return WTERMSIG(status) == SIGSEGV ? 0 : 1;
		}
	END
	gcc -g -o program program.c -I"$TOP/include" -L"$BUILD" -loriel -Wl,-rpath,"$BUILD"
	run -0 --separate-stderr "$BUILD/oriel" run -- ./program
	wait_for 20 api_says logs 'any(.logs[]; .body == "goes on")'
	api_says logs 'all(.logs[]; .severity < 17)'
	api_says errors '.errors == []'
}
