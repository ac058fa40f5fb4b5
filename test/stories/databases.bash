# Database servers of the stories' own: temporary folders, ports that are free, ended by their pid.
#
#     load databases
#     postgresql_begin   "$PG_SOCKET" "$PG_PORT"; psql and its like find it by themselves
#     mariadb_begin      "$MARIADB_SOCKET" "$MARIADB_PORT"
#     database_end

database_folder() {
	DATABASE=$(mktemp -d /tmp/oriel-database-XXXXXX)
	AS=() # the servers refuse to be root; a command, not a function, so that its pid is the server's
	[ "$(id -u)" = 0 ] || return 0
	chown nobody:nogroup "$DATABASE"
	AS=(setpriv --reuid=nobody --regid=nogroup --clear-groups -- env HOME="$DATABASE")
}

database_fails() {
	cat "$DATABASE"/*.log >&2
	return 1
}

ready_or_gone() { gone "$DATABASE_PID" || "$@"; }

# database_serves SECONDS READY...: does what was begun as DATABASE_PID? It may have ended at once, as
# another was faster to take its port.
database_serves() { wait_for "$1" ready_or_gone "${@:2}" && ! gone "$DATABASE_PID"; }

postgresql_begin() {
	local bin=(/usr/lib/postgresql/*/bin) i
	database_folder
	PG_SOCKET=$DATABASE
	"${AS[@]}" "${bin[-1]}/initdb" -D "$DATABASE/data" -A trust -U me -N --no-locale -E UTF8 \
		>"$DATABASE/initdb.log" 2>&1 </dev/null || database_fails
	for i in 1 2 3; do
		PG_PORT=$(free_port)
		"${AS[@]}" "${bin[-1]}/postgres" -D "$DATABASE/data" -k "$DATABASE" -h 127.0.0.1 -p "$PG_PORT" \
			-c fsync=off -c shared_buffers=16MB -c max_connections=20 -c autovacuum=off \
			>"$DATABASE/server.log" 2>&1 </dev/null 3>&- 4>&- &
		DATABASE_PID=$!
		export PGUSER=me PGDATABASE=postgres PGHOST=$PG_SOCKET PGPORT=$PG_PORT
		database_serves 30 psql -c '' && return
	done
	database_fails
}

mariadb_begin() {
	local i
	database_folder
	MARIADB_SOCKET=$DATABASE/socket
	"${AS[@]}" mariadb-install-db --no-defaults --datadir="$DATABASE/data" \
		--auth-root-authentication-method=normal --skip-test-db \
		>"$DATABASE/install.log" 2>&1 </dev/null || database_fails
	for i in 1 2 3; do
		MARIADB_PORT=$(free_port)
		"${AS[@]}" /usr/sbin/mariadbd --no-defaults --datadir="$DATABASE/data" --socket="$MARIADB_SOCKET" \
			--bind-address=127.0.0.1 --port="$MARIADB_PORT" --pid-file="$DATABASE/pid" \
			--innodb-buffer-pool-size=8M --innodb-flush-log-at-trx-commit=0 --skip-name-resolve \
			>"$DATABASE/server.log" 2>&1 </dev/null 3>&- 4>&- &
		DATABASE_PID=$!
		database_serves 60 mariadb --no-defaults -uroot -S "$MARIADB_SOCKET" -e '' && return
	done
	database_fails
}

# Immediately: nothing in it is to be kept.
database_end() {
	[ -z "${DATABASE_PID:-}" ] || {
		kill -QUIT "$DATABASE_PID" 2>/dev/null # PostgreSQL's "at once"; to MariaDB nothing
		kill -TERM "$DATABASE_PID" 2>/dev/null
		wait_for 10 gone "$DATABASE_PID" || kill -9 "$DATABASE_PID"
		wait "$DATABASE_PID" 2>/dev/null || :
	}
	[ -z "${DATABASE:-}" ] || rm -rf "$DATABASE"
}

# see_ours SCOPE N FILTER: there are N spans of it, and the filter is true of them, oldest first
see_ours() {
	local ours="[sort_by(.start_ns)[] | select(.scope == \"oriel.$1\")]"
	see "$ours | length == $2"
	spans "$ours | $3" || {
		spans "$ours"
		false
	}
}
