#!/usr/bin/env bats
# Paths that are left out: no span, nothing measured, the same answers.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { watching_end; }

# gets PATH...: each is answered
gets() {
	local path
	for path; do
		[ "$(curl -s "http://$HERE$path")" = hello ]
	done
}

# counted N: so many requests are in the duration's histogram
counted() {
	wait_for 10 api_says metrics \
		"[.metrics[] | select(.name == \"http.server.request.duration\") | .count] | add == $1" ||
		{ api metrics; false; }
}

@test "a path that is left out is answered and not seen, nor is what is done for it" {
	ORIEL_EXCLUDED_URLS='^/sql$,heal?th' serve run_watched "$BUILD/programs/busy-server"
	for i in 1 2 3; do
		[ "$(curl -s "http://$HERE/sql" -H "X-Request-ID: id-$i" \
			-H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')" = sql ]
	done
	curl -s "http://$HERE/a/health?x=1" >/dev/null
	curl -s "http://$HERE/later?/health" -d x >/dev/null
	see 'length == 1'
	spans '.[0].attributes | .["url.path"] == "/later" and .["url.query"] == "/health"'
	counted 1
}

@test "what is searched is the decoded path, by patterns that Python's users know" {
	ORIEL_EXCLUDED_URLS='^/a b/\d{2\,3}$,(?:metrics|ready)$' serve run_watched "$BUILD/programs/hello-server"
	gets /a%20b/12 /a%20b/%31%32%33 /metrics '/ready?now' /a%20b/1234 /metrics/x
	see 'length == 2'
	spans '[.[].attributes."url.path"] | sort == ["/a%20b/1234", "/metrics/x"]'
}

@test "traces and metrics are left out each by its own list" {
	ORIEL_EXCLUDED_URLS_TRACES=/t ORIEL_EXCLUDED_URLS_METRICS=/m serve run_watched "$BUILD/programs/hello-server"
	gets /t /t /m /x
	see 'length == 2'
	spans '[.[].attributes."url.path"] | sort == ["/m", "/x"]'
	counted 3
}

@test "names that Python services use are heeded, the specific ones instead of the generic one" {
	OTEL_PYTHON_EXCLUDED_URLS=generic OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS=one OTEL_PYTHON_AIOHTTP_EXCLUDED_URLS=two \
		serve run_watched "$BUILD/programs/hello-server"
	gets /generic /one /two
	see 'length == 1'
	spans '.[0].attributes."url.path" == "/generic"'
	stop_server
	OTEL_PYTHON_EXCLUDED_URLS=generic OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS= serve run_watched "$BUILD/programs/hello-server"
	gets /generic
	see 'length == 2'
	stop_server
	OTEL_PYTHON_EXCLUDED_URLS=generic serve "$BUILD/oriel" run --excluded-urls=mine -- "$BUILD/programs/hello-server"
	gets /mine /generic
	see 'length == 3'
	stop_server
	OTEL_PYTHON_EXCLUDED_URLS=generic serve run_watched "$BUILD/programs/hello-server"
	gets /generic /mine
	see 'length == 4'
	spans '[.[].attributes."url.path"] | sort == ["/generic", "/generic", "/generic", "/mine"]'
}

@test "a bad pattern is told before the program starts, recorded, and ignored" {
	ORIEL_EXCLUDED_URLS='one,(bad,two' serve run_watched "$BUILD/programs/hello-server"
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = "oriel: ORIEL_EXCLUDED_URLS: ignoring '(bad': no ) ends the group (at character 1)" ]
	gets /one /two /three
	see 'length == 1'
	wait_for 10 api_says logs '.logs[0] | .severity_text == "WARN" and .attributes["oriel.pattern"] == "(bad"
		and .attributes["oriel.setting"] == "ORIEL_EXCLUDED_URLS"' || { api logs; false; }
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "oriel.settings.bad")] | length == 1' || { api metrics; false; }
	ORIEL_EXCLUDED_URLS='(bad' run -125 "$BUILD/oriel" run --strict -- true
	ORIEL_EXCLUDED_URLS='(bad' OTEL_PROPAGATORS=b4 run "$BUILD/oriel" doctor
	[[ $output == *"ignoring '(bad'"* && $output == *"ignoring 'b4'"* ]]
}

@test "a path made to be slow is not" {
	ORIEL_EXCLUDED_URLS='(a+)+$,(a|aa)+$,(a*)*b$' serve run_watched "$BUILD/programs/hello-server"
	gets "/$(printf 'a%.0s' {1..700})!"
	see 'length == 1'
}

@test "what the program itself says replaces all that the environment does" {
	ORIEL_EXCLUDED_URLS=outside ORIEL_EXCLUDED_URLS_TRACES=outside \
		serve run_watched "$BUILD/programs/excluding" '^/in code$'
	[ "$(curl -s "http://$HERE/in%20code")" = 7 ]
	[ "$(curl -s "http://$HERE/outside")" = 0 ]
	see 'length == 1'
	spans '.[0] | .attributes."url.path" == "/outside" and .service == "excluding"'
	counted 1
	stop_server
	ORIEL_EXCLUDED_URLS=. serve run_watched "$BUILD/programs/excluding" ''
	curl -s "http://$HERE/any" >/dev/null
	see 'length == 2'
}
