# A collector of the test's own: its folders, its page, and waiting for what must come.
#
#     load collecting
#     setup() { collecting_begin; }
#     teardown() { collecting_end; }

collecting_begin() {
	local name
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${ORIEL_BUILD:-$TOP/build}
	for name in $(compgen -e | grep -E '^(OTEL|ORIEL)_|^TRACEPARENT$'); do
		unset "$name"
	done
	ORIEL_RUN_DIR=$(mktemp -d "$(memory)/oriel-story-XXXXXX")
	export ORIEL_RUN_DIR ORIEL_DATA_DIR=$BATS_TEST_TMPDIR/data ORIEL_LISTEN=127.0.0.1:0
	export ORIEL_OTLP_LISTEN=127.0.0.1:0 ORIEL_OTLP_GRPC_LISTEN=127.0.0.1:0
	STARTED=()
}

# Where there is room for all stories: containers give 64 MiB of /dev/shm to them together, and one of
# them alone can fill that.
memory() {
	if [ "$(df -k --output=size /dev/shm | tail -n 1)" -lt 1000000 ]; then echo /tmp; else echo /dev/shm; fi
}

collecting_end() {
	local pid
	for pid in "${STARTED[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || :
	done
	pid=$(collector_pid)
	if [ -n "$pid" ]; then
		kill "$pid" 2>/dev/null
		wait_for 4 gone "$pid" || kill -9 "$pid"
	fi
	[ ! -s "$ORIEL_DATA_DIR/collector.log" ] || sed 's/^/collector.log: /' "$ORIEL_DATA_DIR/collector.log"
	rm -rf "$ORIEL_RUN_DIR"
}

# not COMMAND...: bats looks at no command that stands behind a `!`, but for a test's last.
not() { ! "$@"; }

# wait_for SECONDS COMMAND...: until it succeeds; fails when the time is over.
wait_for() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		read -rt 0.1 <> <(:) || :
	done
}

# Not there, or only waiting to be reaped by an init that takes its time.
gone() { ! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null; }

# From the kernel; a moment later another program could have it, but then ours says so.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

collector_pid() { tr -dc 0-9 2>/dev/null <"$ORIEL_RUN_DIR/collector.pid" || :; }

# start NAME COMMAND...: in the background; ADDRESS is the first address that it prints.
start() {
	local out=$BATS_TEST_TMPDIR/$1.out
	shift
	: >"$out"
	"$@" >"$out" 2>"$out.err" 3>&- 4>&- &
	STARTED+=($!)
	until grep -aqE 'http://[0-9.:]+' "$out"; do
		gone "${STARTED[-1]}" && {
			cat "$out" "$out.err"
			return 1
		}
		read -rt 0.05 <> <(:) || :
	done
	ADDRESS=$(grep -aoE 'http://[0-9.:]+' "$out" | head -n 1)
}

find_page() {
	PAGE=$("$BUILD/oriel" 2>/dev/null | grep -aoE 'http://[0-9.:]+' | head -n 1)
	[ -n "$PAGE" ]
}

# The API's answer, of the collector that runs now.
api() { find_page && curl -sf -m 10 "$PAGE/api/$1"; }

# api_says PATH FILTER: jq's filter is true of it. (Of nothing at all jq 1.6 says that it is true.)
api_says() {
	local answer
	answer=$(api "$1") && [ -n "$answer" ] && jq -e "$2" <<<"$answer"
}

# A number of the collector's own from /metrics, 0 if it isn't there; labels are summed.
metric() {
	find_page && curl -sf -m 10 "$PAGE/metrics" |
		awk -v name="$1" '$1 == name || index($1, name "{") == 1 { n += $2 } END { printf "%d\n", n }'
}

# tell_counters: what a failure is to be explained by: each of the collector's counters that isn't 0, and its destinations.
tell_counters() {
	find_page || return 0
	curl -sf -m 10 "$PAGE/metrics" | grep -E '^oriel_[a-z_]*_total[{ ]' | grep -v ' 0$' || :
	api status | jq -c '.destinations[] | {name, queued, on_disk, sent, dropped, failing, why}' || :
}
