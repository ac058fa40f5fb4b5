#!/usr/bin/env bats
# A backend behind TLS that wants to see our certificate: nginx, with certificates made here.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	export LC_ALL=C
	make_authority ours
	make_authority others
	make_certificate server ours 2 localhost
	make_certificate client ours 2 client
	start_backend
	start_nginx server.pem
	export OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none OTEL_EXPORTER_OTLP_ENDPOINT=https://localhost:$PORT
}

teardown() {
	ORIEL_RUN_DIR=$BACKEND_RUN collecting_end
	STARTED=()
	collecting_end
}

make_authority() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$1.key" -out "$1.pem" 2>openssl.log
}

make_certificate() { # NAME AUTHORITY DAYS HOST
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$4" -keyout "$1.key" -out "$1.csr" 2>openssl.log
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" \
		-extfile <(echo "subjectAltName=DNS:$4") -out "$1.pem" 2>openssl.log
}

# Another collector, whose intake takes what comes through.
start_backend() {
	BACKEND_RUN=$(mktemp -d "$(memory)/oriel-story-XXXXXX")
	ORIEL_RUN_DIR=$BACKEND_RUN ORIEL_DATA_DIR=$PWD/backend "$BUILD/oriel" collect 2>backend.err 3>&- 4>&- &
	STARTED+=($!)
	wait_for 20 grep -q 'otlp=.* grpc=' backend.err
	TAKES=$(grep -oP ' otlp=\K\S+' backend.err)
	TAKES_GRPC=$(grep -oP ' grpc=\K\S+' backend.err)
}

start_nginx() { # CERTIFICATE
	PORT=${PORT:-$(free_port)}
	cat >nginx.conf <<-EOF
		daemon off; master_process off; pid $PWD/nginx.pid; error_log $PWD/nginx.err;
		events { worker_connections 64; }
		http {
			access_log $PWD/nginx.log;
			client_body_temp_path $PWD/1; proxy_temp_path $PWD/2; fastcgi_temp_path $PWD/3;
			uwsgi_temp_path $PWD/4; scgi_temp_path $PWD/5;
			server {
				listen 127.0.0.1:$PORT ssl http2;
				ssl_certificate $PWD/$1; ssl_certificate_key $PWD/${1%.pem}.key;
				ssl_client_certificate $PWD/ours.pem; ssl_verify_client on;
				location / { proxy_pass http://$TAKES; }
				location /opentelemetry.proto. { grpc_pass grpc://$TAKES_GRPC; }
			}
		}
	EOF
	/usr/sbin/nginx -e "$PWD/nginx.err" -c "$PWD/nginx.conf" 3>&- 4>&- &
	NGINX=$!
	STARTED+=("$NGINX")
	wait_for 20 grep -q "$(printf ':%04X .* 0A' "$PORT")" /proc/net/tcp
}

stop_nginx() {
	kill "$NGINX"
	wait "$NGINX" || :
}

# trust [SIGNAL_]: who signs, and who we are
trust() {
	export "OTEL_EXPORTER_OTLP_${1:-}CERTIFICATE=$PWD/ours.pem" "OTEL_EXPORTER_OTLP_${1:-}CLIENT_CERTIFICATE=$PWD/client.pem" \
		"OTEL_EXPORTER_OTLP_${1:-}CLIENT_KEY=$PWD/client.key"
}

query() { "$BUILD/oriel" run --service-name "$1" -- sqlite3 :memory: 'select 41 + 1' >/dev/null 2>>err; }

came() { ORIEL_RUN_DIR=$BACKEND_RUN api_says "traces?service=$1" '.traces | length == 1'; }

# The collector says so, once.
says() { [ "$(grep -c 'export otlp: ' "$ORIEL_DATA_DIR/collector.log")" = 1 ] && grep 'export otlp: ' "$ORIEL_DATA_DIR/collector.log" | grep -F -- "$1"; }

waits() { api_says status '[.destinations[] | select(.name == "otlp") | .on_disk] | add >= 1'; }

# expect_kept SERVICE LINE: not taken, said why, and kept.
expect_kept() {
	query "$1"
	wait_for 20 says "$2; trying again"
	wait_for 20 waits
	not came "$1"
}

@test "each protocol goes through, by our certificate" {
	trust
	for protocol in http/protobuf http/json grpc; do
		query_by "$protocol"
		wait_for 20 came "by-${protocol#http/}"
	done
	grep -q 'POST /v1/traces HTTP/[0-9.]*" 200' nginx.log
	grep -q 'POST /opentelemetry.proto.collector.trace.v1.TraceService/Export HTTP/2.0" 200' nginx.log
	[ "$(metric oriel_export_dropped_refused_total)" = 0 ]
}

query_by() { OTEL_EXPORTER_OTLP_PROTOCOL=$1 query "by-${1#http/}"; }

@test "a signal may have certificates of its own" {
	export OTEL_EXPORTER_OTLP_CERTIFICATE=$PWD/others.pem OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/nowhere OTEL_EXPORTER_OTLP_CLIENT_KEY=/nowhere
	trust TRACES_
	query_by http/protobuf
	query_by grpc
	wait_for 20 came by-protobuf
	wait_for 20 came by-grpc
}

@test "files without a directory are looked for where the service was started" {
	export OTEL_EXPORTER_OTLP_CERTIFICATE=ours.pem OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=client.pem OTEL_EXPORTER_OTLP_CLIENT_KEY=client.key
	query near
	wait_for 20 came near
}

@test "a backend that somebody else vouches for gets nothing, until its authority is put there" {
	trust
	cp others.pem who.pem
	export OTEL_EXPORTER_OTLP_CERTIFICATE=$PWD/who.pem
	expect_kept strange 'unable to get local issuer certificate; name its CA by OTEL_EXPORTER_OTLP_CERTIFICATE'
	cp ours.pem who.pem
	wait_for 60 came strange
}

@test "likewise over gRPC" {
	trust
	export OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_CERTIFICATE=$PWD/others.pem
	expect_kept strange 'unable to get local issuer certificate; name its CA by OTEL_EXPORTER_OTLP_CERTIFICATE'
}

@test "an expired certificate is told, and what waits goes when it is renewed" {
	trust
	stop_nginx
	make_certificate old ours -1 localhost
	start_nginx old.pem
	expect_kept late 'certificate has expired'
	stop_nginx
	start_nginx server.pem
	wait_for 60 came late
}

@test "a certificate of another host is told" {
	trust
	stop_nginx
	make_certificate wrong ours 2 elsewhere.example
	start_nginx wrong.pem
	expect_kept wrong "no alternative certificate subject name matches target host name 'localhost'"
}

@test "a file that isn't there is told, and may come" {
	trust
	export OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=$PWD/later.pem
	expect_kept late "$PWD/later.pem: No such file or directory"
	cp client.pem later.pem
	wait_for 60 came late
}

# nginx answers that with a page, and an answer of 400 is final.
@test "without a certificate of ours it is refused, told and counted" {
	export OTEL_EXPORTER_OTLP_CERTIFICATE=$PWD/ours.pem
	query nobody
	wait_for 20 says "status 400 from localhost:$PORT: 400 No required SSL certificate was sent; lost and counted"
	[ "$(metric oriel_export_dropped_refused_total)" -ge 1 ]
	OTEL_EXPORTER_OTLP_PROTOCOL=grpc query nobody-by-grpc
	wait_for 20 grep -F "400 No required SSL certificate was sent; is it a gRPC endpoint?" "$ORIEL_DATA_DIR/collector.log"
	make_certificate stranger others 2 client
	trust
	OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=$PWD/stranger.pem OTEL_EXPORTER_OTLP_CLIENT_KEY=$PWD/stranger.key query stranger
	wait_for 20 grep -F "400 The SSL certificate error; lost and counted" "$ORIEL_DATA_DIR/collector.log"
	not came nobody
	not came stranger
}
