# Real servers from Debian for stories: each on a port of its own, with files of its own.
#
#     serving_begin                    $WWW has a.txt, b.txt and big.txt
#     serve_as NAME COMMAND...         until it answers on $PORT; serving_end stops it

serving_begin() {
	WWW=$(mktemp -d /tmp/oriel-www-XXXXXX)
	chmod 755 "$WWW"
	echo aaa >"$WWW/a.txt"
	echo bb >"$WWW/b.txt"
	seq 100000 >"$WWW/big.txt"
	SERVERS=()
}

serving_end() {
	local pid
	for pid in "${SERVERS[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait_for 10 gone "$pid" || kill -9 "$pid"
		wait "$pid" 2>/dev/null || :
	done
	rm -rf "$WWW"
}

answers() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# serve_as NAME COMMAND...: in the background, until it takes connections on $PORT. In a process group
# of its own: Apache ends all of its.
serve_as() {
	local name=$1
	shift
	setsid "$@" >"$BATS_TEST_TMPDIR/$name.out" 2>&1 </dev/null 3>&- 4>&- 7>&- &
	SERVERS+=($!)
	wait_for 20 answers "$PORT" || {
		cat "$BATS_TEST_TMPDIR/$name.out"
		return 1
	}
}

# stop_last: the server that was started last
stop_last() {
	kill "${SERVERS[-1]}"
	wait_for 10 gone "${SERVERS[-1]}"
	wait "${SERVERS[-1]}" 2>/dev/null || :
	unset "SERVERS[-1]"
}

# raw TEXT: what a connection answers to these bytes, up to its end
raw() {
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	printf "$1" >&9
	timeout 10 cat <&9 || :
	exec 9>&-
}

# ---- configurations, printed ----

nginx_conf() { # LISTEN LOCATIONS [HTTP]
	cat <<-EOF2
		worker_processes 1;
		daemon off;
		$([ "$(id -u)" != 0 ] || echo user root\;)
		error_log $WWW/error.log;
		pid $WWW/nginx.pid;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $WWW/body; proxy_temp_path $WWW/proxy; fastcgi_temp_path $WWW/fastcgi;
			uwsgi_temp_path $WWW/uwsgi; scgi_temp_path $WWW/scgi;
			keepalive_requests 1000000;
			sendfile on;
			${3:-}
			server { listen 127.0.0.1:$1; root $WWW; client_max_body_size 50m; $2 }
		}
	EOF2
}

apache_conf() { # MPM
	cat <<-EOF2
		ServerRoot $WWW
		ServerName localhost
		Listen 127.0.0.1:$PORT
		PidFile $WWW/apache.pid
		ErrorLog $WWW/error.log
		LoadModule mpm_$1_module /usr/lib/apache2/modules/mod_mpm_$1.so
		LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
		StartServers 1
		DocumentRoot $WWW
		KeepAliveTimeout 1
		$([ "$(id -u)" != 0 ] || echo User www-data)
		<Directory $WWW>
		Require all granted
		</Directory>
	EOF2
}

lighttpd_conf() {
	cat <<-EOF2
		server.document-root = "$WWW"
		server.bind = "127.0.0.1"
		server.port = $PORT
		server.errorlog = "$WWW/error.log"
		mimetype.assign = ( ".txt" => "text/plain" )
	EOF2
}

haproxy_conf() { # BACKEND
	cat <<-EOF2
		global
			nbthread 2
		defaults
			mode http
			timeout client 20s
			timeout server 20s
			timeout connect 5s
		frontend f
			bind 127.0.0.1:$PORT
			default_backend b
		backend b
			server s 127.0.0.1:$1
	EOF2
}
