#!/usr/bin/env bats
# Sampling that somebody else says: Jaeger's remote sampler, which the collector asks and the service doesn't.

load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	ANSWER=$BATS_TEST_TMPDIR/answer ASKED=$BATS_TEST_TMPDIR/asked
	: >"$ASKED"
	start strategies python3 -u "$BATS_TEST_DIRNAME/strategies.py" "$ANSWER" "$ASKED"
	ENDPOINT=$ADDRESS/sampling
	export OTEL_TRACES_SAMPLER=parentbased_jaeger_remote
	export OTEL_TRACES_SAMPLER_ARG=endpoint=$ENDPOINT,pollingIntervalMs=100,initialSamplingRate=0
}

teardown() { collecting_end; }

# says JSON: from now on. asked_again: and it has been asked for since.
says() {
	printf '%s' "$1" >"$ANSWER.new"
	mv "$ANSWER.new" "$ANSWER"
}

asked_more() { [ "$(wc -l <"$ASKED")" -gt "$1" ]; }
asked_again() { wait_for 10 asked_more "$(($(wc -l <"$ASKED") + 2))"; }

share_is() { api_says status ".processes | length == 1 and all(.[]; .sampling == $1)"; }

serve() { start stock "$BUILD/oriel" run --service-name 'my stock' -- "$BUILD/example/stock" --port 0 --data "$BATS_TEST_TMPDIR"; }

@test "a share that is said holds in a service that runs, and goes on when nothing sensible is said" {
	says '{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}'
	serve
	wait_for 10 share_is 0.5
	grep -q '^/sampling?service=my%20stock$' "$ASKED"
	says '{"probabilisticSampling":{"samplingRate":7}}'
	asked_again
	api_says status '.processes[0].sampling == 0.5'
	says 'no JSON'
	asked_again
	api_says status '.processes[0].sampling == 0.5'
	[ "$(metric oriel_strategies_failed_total)" -ge 2 ]
	[ "$(grep -c 'sampling of my stock: .*the answer makes no sense: a share is none from 0 to 1; the strategy before stays' "$ORIEL_DATA_DIR/collector.log")" = 1 ]
	says '{"probabilisticSampling":{"samplingRate":1}}'
	wait_for 10 share_is 1
	grep -q 'sampling of my stock: there is a strategy again' "$ORIEL_DATA_DIR/collector.log"
	# What people say goes before it.
	"$BUILD/oriel" set 'my stock' sampling=0.25
	share_is 0.25
	"$BUILD/oriel" set 'my stock' sampling=
	share_is 1
}

@test "without an answer the initial share holds, and the service starts at once" {
	OTEL_TRACES_SAMPLER_ARG=endpoint=http://127.0.0.1:1/sampling,pollingIntervalMs=100,initialSamplingRate=0.125
	serve
	wait_for 10 grep -q 'sampling of my stock: http://127.0.0.1:1/sampling: .*; the initial share stays' "$ORIEL_DATA_DIR/collector.log"
	share_is 0.125
}

@test "shares by names: one is recorded whole, all others not at all" {
	says '{"operationSampling":{"defaultSamplingProbability":0,"perOperationStrategies":[
		{"operation":"kept","probabilisticSampling":{"samplingRate":1}}]}}'
	start names "$BUILD/oriel" run --service-name names -- "$BUILD/programs/names"
	asked_again
	share_is 0
	"$BUILD/oriel" set names level=debug # and what is said beside it changes nothing of it
	printf 'go\n' >"$BATS_TEST_TMPDIR/go"
	wait_for 10 api_says traces '.traces | length > 0'
	wait_for 10 api_says traces '[.traces[].name] | unique == ["kept"]'
	api_says traces '.traces | length == 5'
}

@test "so many a second" {
	says '{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":2}}'
	start names "$BUILD/oriel" run -- "$BUILD/programs/names"
	wait_for 10 share_is 1
	printf 'go\n' >"$BATS_TEST_TMPDIR/go"
	wait_for 10 api_says traces '.traces | length > 0'
	wait_for 10 gone_is_told
	# 10 at once; how many the clock gives is at least the two of one second
	api_says traces '.traces | length >= 2 and length < 10'
}

gone_is_told() { api_says status '.processes == []'; }

@test "an argument that makes no sense is told, and the service starts" {
	run "$BUILD/oriel" run --traces-sampler-arg endpoint="$ENDPOINT",pollingIntervalMs=soon -- true
	[ "$status" = 0 ]
	[[ $output == *"OTEL_TRACES_SAMPLER_ARG: ignoring 'pollingIntervalMs=soon'"* ]]
	run "$BUILD/oriel" run --traces-sampler jaeger -- true
	[[ $output == *"OTEL_TRACES_SAMPLER: ignoring 'jaeger': no sampler is called so"* ]]
}
