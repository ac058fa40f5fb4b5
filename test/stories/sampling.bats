#!/usr/bin/env bats
# Which traces are there, by rules where they begin, and by how they went when they have ended.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

# query SERVICE SQL OPTION...: one statement, one trace
query() {
	local service=$1 sql=$2
	shift 2
	"$BUILD/oriel" run --service-name "$service" "$@" -- sqlite3 :memory: "$sql" >>out 2>>err || :
}

# The last one is there, so everything before it is, if it is kept.
all_arrived() {
	query end 'select 1'
	wait_for 20 api_says traces '[.traces[].service] | index("end")'
}

@test "of ended traces those with an error are kept, and none of the others" {
	query shop 'select 41 + 1' --tail-ratio 0
	query shop 'select abs(-9223372036854775808)' --tail-ratio 0
	query all 'select 41 + 1' --tail-ratio 1
	all_arrived
	api_says traces '[.traces[] | select(.service == "shop")] | length == 1'
	api_says traces '[.traces[] | select(.service == "all")] | length == 1'
	[ "$(metric oriel_tail_dropped_total)" -ge 1 ]
}

@test "a slow trace is kept" {
	query slow "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select sum(i) from n" \
		--tail-ratio 0 --tail-slow-ms 1
	query quick 'select 1' --tail-ratio 0 --tail-slow-ms 60000
	all_arrived
	api_says traces '[.traces[].service] | index("slow") and (index("quick") | not)'
}

@test "rules decide where a trace begins" {
	query shop 'select 41 + 1' --sampling-rules 'db.system.name=sqlite,ratio=0'
	query other 'select 41 + 1' --sampling-rules 'db.system.name=postgresql,ratio=0'
	all_arrived
	api_says traces '[.traces[].service] | index("other") and (index("shop") | not)'
}

@test "rules that make no sense are told, and the service starts" {
	query shop 'select 41 + 1' --sampling-rules 'ratio=2;name=*' --sampling-limit many
	grep -q "ORIEL_SAMPLING_RULES: ignoring the rule with 'ratio=2': no share from 0 to 1" err
	grep -q "ORIEL_SAMPLING_LIMIT: ignoring 'many'" err
	grep -qx 42 out
}
