/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema: what lies in the database file, and every statement that we put to it.
 *
 *     word      texts that repeat, once                                     (store/words.h)
 *     run       a run of `oriel run`
 *     resource  who spans and logs are from; a process
 *     trace     a row per trace: what a list filters by, and shows (store/summary.h), kept up with
 *               every write; and the spans that came with it (store/pack.h)
 *     block     traces of a run that came whole together, and without errors (store/block.h); spans squeezed
 *     lifted    which of a block's traces are rows of their own since
 *     span      those that came later, or were too many; id = trace.no << 20 | how many'th, so a
 *               trace's spans lie side by side without an index; start_ns is the last one's
 *     place     hashes of traces' ids, and their trace.no: a hint, late       (store/places.h); id = the hashes'
 *               highest bits << 44 | the newest no of them
 *     requests  server, consumer and root spans of a run, those that came together in one row
 *               (store/requests.h): rates, errors and durations read only these
 *     last      one row: the newest trace.no and cursor ever given, which never go back; the newest
 *               trace.no that has a place
 *     log       by arrival; found by time and by trace
 *     problem   a kind of error (store/problem.h), problem_release and problem_trace its releases and
 *               newest traces; its id is made of what they have in common
 *
 * `trace.facts` is a set of 32-bit numbers: FACT_SERVICE, FACT_ROUTE… in the highest bits, the
 * word's number below (store/summary.h). A trace of which only logs have come has n_spans = 0.
 *
 * `trace.cursor` grows with every change. A new trace's is its number << 20, which needs no index; what
 * changes later gets its number from behind the newest trace's.
 *
 * Form 2 added `trace.path`, form 3 problems, form 4 places and packs, form 5 rows of many requests, form 6
 * spans in their trace's row, and what only a list shows in one column, form 7 blocks, and places in rows of
 * many. A file of an earlier form is
 * brought up to this one when a collector opens it.
 */
#pragma once

enum {
	SCHEMA_VERSION = 7,
	SCHEMA_APPLICATION = 0x4f72696c, /* "Oril", in the file's header */
	SPAN_BITS = 20,			 /* of an id, and of a cursor */
};

#define SCHEMA_PROBLEM \
	"CREATE TABLE problem(id INTEGER PRIMARY KEY, service INTEGER, type BLOB, shape BLOB," \
	" place BLOB, crash INTEGER, first_ns INTEGER, last_ns INTEGER, n INTEGER, resource INTEGER," \
	" record_ns INTEGER, severity INTEGER, record BLOB);" \
	"CREATE INDEX problem_last ON problem(last_ns);" \
	"CREATE TABLE problem_release(problem INTEGER, release INTEGER, first_ns INTEGER," \
	" last_ns INTEGER, n INTEGER, PRIMARY KEY(problem, release)) WITHOUT ROWID;" \
	"CREATE TABLE problem_trace(problem INTEGER, time_ns INTEGER, trace BLOB, span INTEGER," \
	" run INTEGER, message BLOB, PRIMARY KEY(problem, time_ns, trace, span)) WITHOUT ROWID;"

#define SCHEMA_PLACE "CREATE TABLE place(id INTEGER PRIMARY KEY, first INTEGER, data BLOB);"

#define SCHEMA_TRACE \
	"CREATE TABLE trace(no INTEGER PRIMARY KEY, trace_id BLOB NOT NULL, cursor INTEGER," \
	" start_ns INTEGER, end_ns INTEGER, n_spans INTEGER, n_errors INTEGER, run INTEGER," \
	" name BLOB, facts BLOB, shown BLOB, spans BLOB);" SCHEMA_TRACE_INDEXES

#define SCHEMA_TRACE_INDEXES \
	"CREATE INDEX trace_start ON trace(start_ns) WHERE n_spans > 0;" \
	"CREATE INDEX trace_error ON trace(start_ns) WHERE n_errors > 0;" \
	"CREATE INDEX trace_cursor ON trace(cursor) WHERE cursor & 1048575;"

/* first_ns and last_ns are starts of traces. */
#define SCHEMA_BLOCK \
	"CREATE TABLE block(no INTEGER PRIMARY KEY, run INTEGER, first_ns INTEGER, last_ns INTEGER," \
	" n INTEGER, facts BLOB, heads BLOB, spans BLOB);" \
	"CREATE INDEX block_last ON block(last_ns);" \
	"CREATE TABLE lifted(no INTEGER PRIMARY KEY, bits INTEGER);"

#define SCHEMA_SPAN "CREATE TABLE span(id INTEGER PRIMARY KEY, start_ns INTEGER, data BLOB);"

#define SCHEMA_REQUESTS \
	"CREATE TABLE requests(no INTEGER PRIMARY KEY, run INTEGER, first_ns INTEGER," \
	" last_ns INTEGER, data BLOB);" \
	"CREATE INDEX requests_last ON requests(last_ns);"

#define SCHEMA \
	SCHEMA_TRACE \
	SCHEMA_BLOCK \
	SCHEMA_PLACE \
	SCHEMA_SPAN \
	SCHEMA_REQUESTS \
	SCHEMA_PROBLEM \
	"CREATE TABLE word(id INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE);" \
	"CREATE TABLE run(id TEXT PRIMARY KEY, command TEXT, pid INTEGER, started_ns INTEGER," \
	" ended_ns INTEGER, status INTEGER);" \
	"CREATE INDEX run_started ON run(started_ns);" \
	"CREATE TABLE resource(no INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL UNIQUE," \
	" last_span INTEGER NOT NULL DEFAULT 0, last_log INTEGER NOT NULL DEFAULT 0);" \
	"CREATE TABLE last(no INTEGER NOT NULL, cursor INTEGER NOT NULL," \
	" placed INTEGER NOT NULL DEFAULT 0);" \
	"INSERT INTO last VALUES(0, 0, 0);" \
	"CREATE TABLE log(id INTEGER PRIMARY KEY AUTOINCREMENT, time_ns INTEGER, trace INTEGER," \
	" span_id INTEGER, severity INTEGER, resource INTEGER, service INTEGER, run INTEGER, data BLOB);" \
	"CREATE INDEX log_time ON log(time_ns);" \
	"CREATE INDEX log_trace ON log(trace) WHERE trace IS NOT NULL;"

#define TRACE_COLUMNS \
	"no, trace_id, cursor, start_ns, end_ns, n_spans, n_errors, run, name, facts, shown"

/* From each form to the next. */
#define SCHEMA_FROM_1 "ALTER TABLE trace ADD COLUMN path BLOB;"
#define SCHEMA_FROM_2 SCHEMA_PROBLEM
#define TRACE_COLUMNS_5 \
	"no, trace_id, cursor, start_ns, end_ns, root_ns, n_spans, n_errors, n_logs, root, kind, status," \
	" http_status, service, run, route, method, name, facts, path"
#define SCHEMA_FROM_3 \
	"CREATE TABLE place(hash INTEGER, no INTEGER, PRIMARY KEY(hash, no)) WITHOUT ROWID;" \
	"ALTER TABLE last ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;" \
	"INSERT INTO place SELECT place_hash(trace_id) AS hash, no FROM trace ORDER BY hash;" \
	"UPDATE last SET placed = no;" \
	"ALTER TABLE trace RENAME TO trace_3;" \
	"CREATE TABLE trace(" TRACE_COLUMNS_5 ", PRIMARY KEY(no));" \
	"INSERT INTO trace SELECT " TRACE_COLUMNS_5 " FROM trace_3;" \
	"DROP TABLE trace_3;" \
	"UPDATE trace SET cursor = no << 20;" \
	"UPDATE last SET cursor = no << 20;" \
	"ALTER TABLE span RENAME TO span_3;" SCHEMA_SPAN "INSERT INTO span SELECT id, start_ns," \
	" pack(span_id, parent_id, start_ns, duration_ns, resource, what, data) FROM span_3;" \
	"DROP TABLE span_3;"

#define SCHEMA_FROM_4 \
	SCHEMA_REQUESTS \
	"INSERT INTO requests(run, first_ns, last_ns, data) SELECT run, start_ns, start_ns," \
	" request_row(start_ns, duration_ns, service, route, method, resource, server, error)" \
	" FROM request ORDER BY start_ns;" \
	"DROP TABLE request;"

#define SCHEMA_FROM_5 \
	"ALTER TABLE trace RENAME TO trace_5;" \
	"DROP INDEX IF EXISTS trace_start; DROP INDEX IF EXISTS trace_cursor;" SCHEMA_TRACE \
	"INSERT INTO trace SELECT no, trace_id, cursor, start_ns, end_ns, n_spans, n_errors, run, name," \
	" facts, trace_shown(start_ns, root_ns, n_logs, root, kind, status, http_status, service, route," \
	" method, path), NULL FROM trace_5;" \
	"DROP TABLE trace_5;"

#define SCHEMA_FROM_6 \
	SCHEMA_BLOCK \
	"ALTER TABLE place RENAME TO place_6;" SCHEMA_PLACE \
	"INSERT INTO place SELECT (hash >> 57) << 44 | max(no), min(no), place_row(hash, no)" \
	" FROM place_6 GROUP BY hash >> 57, no >> 15;" \
	"DROP TABLE place_6;"

/* ?1 since ?2 until ?3 least ?4 most duration ?5 errors ?6 name ?7 to ?10 facts ?11 after */
#define TRACE_FILTER \
	"n_spans > 0 AND start_ns >= ?1 AND start_ns < ?2 AND end_ns - start_ns >= ?3" \
	" AND end_ns - start_ns <= ?4 AND n_errors >= ?5 AND (?6 IS NULL OR name = ?6)" \
	" AND (?7 IS NULL OR holds(facts, ?7)) AND (?8 IS NULL OR holds(facts, ?8))" \
	" AND (?9 IS NULL OR holds(facts, ?9)) AND (?10 IS NULL OR holds(facts, ?10))"

#define BLOCK_GONE "ifnull((SELECT bits FROM lifted WHERE lifted.no = block.no), 0)"
#define BLOCK_COLUMNS "no, run, n, " BLOCK_GONE ", heads"
#define BLOCK_FOUND "block_find(no, n, " BLOCK_GONE ", heads, ?1)"

/* The oldest number there is, above all when there is none. */
#define OLDEST_NO \
	"min(ifnull((SELECT min(no) FROM trace), 1 << 62), ifnull((SELECT min(no) FROM block), 1 << 62))"

/* Up to here all have places that are known; ?2 and ?3 are `placed` and `known` of places_seen. */
#define UNPLACED "SELECT CASE placed WHEN ?2 THEN max(placed, ?3) ELSE placed END FROM last"

/* As TRACE_FILTER, of what a block says of all its traces; none of them has an error. */
#define BLOCK_FILTER \
	"last_ns >= ?1 AND first_ns < ?2 AND (?7 IS NULL OR holds(facts, ?7))" \
	" AND (?8 IS NULL OR holds(facts, ?8)) AND (?9 IS NULL OR holds(facts, ?9))" \
	" AND (?10 IS NULL OR holds(facts, ?10))"

#define PROBLEM_COLUMNS "id, service, type, shape, place, crash, first_ns, last_ns, n"

#define LOG_COLUMNS "id, time_ns, span_id, severity, resource, data"

/* ?1 since ?2 until ?3 least severity ?4 service ?5 run ?6 after or trace */
#define LOG_FILTER \
	"time_ns >= ?1 AND time_ns < ?2 AND severity >= ?3 AND (?4 IS NULL OR service = ?4)" \
	" AND (?5 IS NULL OR run = ?5)"

/* X(name, SQL) */
#define STATEMENTS(X) \
	X(BEGIN_WRITE, "BEGIN IMMEDIATE") \
	X(BEGIN_READ, "BEGIN") \
	X(COMMIT, "COMMIT") \
	X(ROLLBACK, "ROLLBACK") \
	X(PAGES, "SELECT (SELECT page_count FROM pragma_page_count())," \
		 " (SELECT freelist_count FROM pragma_freelist_count())," \
		 " (SELECT page_size FROM pragma_page_size())") \
	X(PAGE_SIZE, "PRAGMA page_size") \
	X(PAGE_COUNT, "PRAGMA page_count") \
	X(WORD_FIND, "SELECT id FROM word WHERE text = ?1") \
	X(WORD_ADD, \
	  "INSERT INTO word(text) SELECT ?1 WHERE (SELECT ifnull(max(id), 0) FROM word) < ?2") \
	X(WORD_TEXT, "SELECT text FROM word WHERE id = ?1") \
	X(RUN_PUT, \
	  "INSERT INTO run VALUES(?1, ?2, ?3, ?4, 0, -1) ON CONFLICT(id) DO UPDATE SET" \
	  " command = CASE WHEN started_ns < ?4 AND length(command) > 0 THEN command ELSE ?2 END," \
	  " pid = ?3, started_ns = min(started_ns, ?4)") \
	X(RUN_END, "UPDATE run SET ended_ns = ?2, status = ?3 WHERE id = ?1") \
	X(RUN_LIST, "SELECT id, command, pid, started_ns, ended_ns, status FROM run" \
		    " ORDER BY started_ns DESC LIMIT ?1") \
	X(RUN_OLDEST, "SELECT id, started_ns, ended_ns FROM run WHERE ended_ns > 0" \
		      " AND (SELECT count(*) FROM run) > ?1 ORDER BY started_ns LIMIT 1") \
	X(RUN_DELETE, "DELETE FROM run WHERE id = ?1") \
	X(RUN_TRACES, \
	  "SELECT no FROM trace WHERE start_ns >= ?1 AND n_spans > 0 AND run = ?2 LIMIT 64") \
	X(RUN_BLOCKS_DELETE, \
	  "DELETE FROM block WHERE no IN (SELECT no FROM block WHERE last_ns >= ?1" \
	  " AND run = ?2 LIMIT 16)") \
	X(RUN_LOGS_DELETE, "DELETE FROM log WHERE id IN (SELECT id FROM log WHERE time_ns >= ?1" \
			   " AND run = ?2 LIMIT 4096)") \
	X(RUN_REQUESTS_DELETE, "DELETE FROM requests WHERE last_ns >= ?1 AND run = ?2") \
	X(RESOURCE_FIND, "SELECT no FROM resource WHERE data = ?1") \
	X(RESOURCE_ADD, "INSERT INTO resource(data) VALUES(?1)") \
	X(RESOURCE_USED, "UPDATE resource SET last_span = max(last_span, ?2)," \
			 " last_log = max(last_log, ?3) WHERE no = ?1") \
	X(RESOURCE_DATA, "SELECT data FROM resource WHERE no = ?1") \
	X(RESOURCE_SWEEP, \
	  "DELETE FROM resource WHERE last_span < min(" OLDEST_NO \
	  ", 1 << 42) << 20 AND last_log < ifnull((SELECT min(id) FROM log), 1 << 62)") \
	X(LAST, \
	  "SELECT no, cursor, ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0)," \
	  " placed FROM last") \
	X(LAST_SET, "UPDATE last SET no = ?1, cursor = ?2") \
	X(PLACED_SET, "UPDATE last SET placed = ?1") \
	X(PLACE_ADD, "INSERT OR REPLACE INTO place VALUES(?1, ?2, ?3)") \
	X(PLACE_ROWS, "SELECT first, data FROM place WHERE id >= ?1 << 44 AND id < (?1 + 1) << 44" \
		      " ORDER BY id DESC") \
	X(PLACE_ALL, "SELECT data FROM place") \
	X(PLACE_BYTES, "SELECT sum(length(data)) FROM place") \
	X(PLACES_SWEEP, "DELETE FROM place WHERE id >= ?1 << 44 AND" \
			" id < (?1 << 44) + min(" OLDEST_NO ", 1 << 44)") \
	X(BLOCKS_AFTER, "SELECT " BLOCK_COLUMNS " FROM block WHERE no > ?1 - 64") \
	X(TRACES_AFTER, "SELECT no, trace_id FROM trace WHERE no > ?1 ORDER BY no") \
	X(TRACE_BY_NO, "SELECT " TRACE_COLUMNS " FROM trace WHERE no = ?2 AND trace_id = ?1") \
	X(TRACE_NO, \
	  "SELECT no FROM trace WHERE no IN (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) AND trace_id = ?1" \
	  " UNION ALL SELECT " BLOCK_FOUND \
	  " FROM block WHERE no IN (?4 & ~63, ?5 & ~63, ?6 & ~63," \
	  " ?7 & ~63, ?8 & ~63, ?9 & ~63, ?10 & ~63, ?11 & ~63) AND " BLOCK_FOUND \
	  " UNION ALL SELECT no FROM trace WHERE no > (" UNPLACED ") AND trace_id = ?1" \
	  " UNION ALL SELECT " BLOCK_FOUND " FROM block WHERE no > (" UNPLACED ") - 64 AND" \
	  " " BLOCK_FOUND " LIMIT 1") \
	X(BLOCK_BY_NO, "SELECT " BLOCK_COLUMNS ", spans FROM block WHERE no = ?1 & ~63") \
	X(BLOCK_ADD, "INSERT INTO block VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)") \
	X(BLOCKS_NEWEST, "SELECT " BLOCK_COLUMNS ", last_ns FROM block WHERE " BLOCK_FILTER \
			 " ORDER BY last_ns DESC") \
	X(BLOCKS_CAME, "SELECT " BLOCK_COLUMNS ", last_ns FROM block WHERE " BLOCK_FILTER \
		       " AND no > (?11 >> 20) - 64 ORDER BY no") \
	X(LIFT, \
	  "INSERT INTO lifted VALUES(?1, ?2) ON CONFLICT(no) DO UPDATE SET bits = bits | ?2") \
	X(LIFTED_SWEEP, "DELETE FROM lifted WHERE no NOT IN (SELECT no FROM block)") \
	X(TRACES_ADD, "INSERT INTO trace SELECT * FROM rows_trace") \
	X(TRACE_SET, \
	  "UPDATE trace SET cursor = ?3, start_ns = ?4, end_ns = ?5, n_spans = ?6, n_errors = ?7," \
	  " run = ?8, name = ?9, facts = ?10, shown = ?11 WHERE no = ?1 AND trace_id = ?2") \
	X(TRACE_NEWEST, "SELECT " TRACE_COLUMNS " FROM trace WHERE " TRACE_FILTER \
			" ORDER BY start_ns DESC, no DESC") \
	X(TRACE_ERRORS, \
	  "SELECT " TRACE_COLUMNS " FROM trace INDEXED BY trace_error" \
	  " WHERE n_errors > 0 AND " TRACE_FILTER " ORDER BY start_ns DESC, no DESC") \
	X(TRACE_CAME, "SELECT " TRACE_COLUMNS " FROM trace WHERE " TRACE_FILTER \
		      " AND no > ?11 >> 20 AND cursor = no << 20 ORDER BY no") \
	X(TRACE_CHANGED, "SELECT " TRACE_COLUMNS " FROM trace WHERE " TRACE_FILTER \
			 " AND cursor > ?11 AND cursor & 1048575 ORDER BY cursor") \
	X(TRACE_DELETE, "DELETE FROM trace WHERE no = ?1") \
	X(SPANS_ADD, "INSERT INTO span SELECT * FROM rows_span") \
	X(SPAN_LIST, \
	  "SELECT spans, 0 AS id FROM trace WHERE no = ?1 UNION ALL SELECT data, id FROM span" \
	  " WHERE id >= ?1 << 20 AND id < (?1 + 1) << 20" \
	  " UNION ALL SELECT block_spans(no, n, heads, spans, ?1), 0 FROM block WHERE no = ?1 & ~63" \
	  " AND NOT EXISTS(SELECT 1 FROM trace WHERE no = ?1) ORDER BY 2") \
	X(SPAN_DELETE, "DELETE FROM span WHERE id >= ?1 AND id < ?2") \
	X(REQUESTS_ADD, \
	  "INSERT INTO requests(run, first_ns, last_ns, data) VALUES(?1, ?2, ?3, ?4)") \
	X(REQUESTS_LIST, "SELECT data FROM requests WHERE last_ns >= ?1 AND first_ns < ?2" \
			 " AND (?3 IS NULL OR run = ?3) ORDER BY last_ns DESC") \
	X(LOG_ADD, \
	  "INSERT INTO log(time_ns, trace, span_id, severity, resource, service, run, data)" \
	  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)") \
	X(LOG_NEWEST, \
	  "SELECT " LOG_COLUMNS " FROM log WHERE " LOG_FILTER " ORDER BY time_ns DESC, id DESC") \
	X(LOG_AFTER, \
	  "SELECT " LOG_COLUMNS " FROM log WHERE " LOG_FILTER " AND id > ?6 ORDER BY id") \
	X(LOG_OF_TRACE, "SELECT " LOG_COLUMNS " FROM log WHERE " LOG_FILTER " AND trace = ?6" \
			" ORDER BY time_ns, id") \
	X(PROBLEM_PUT, \
	  "INSERT INTO problem VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)" \
	  " ON CONFLICT(id) DO UPDATE SET place = ?5, crash = max(crash, ?6)," \
	  " first_ns = min(first_ns, ?7), last_ns = max(last_ns, ?8), n = n + ?9," \
	  " resource = ?10, record_ns = ifnull(?11, record_ns), severity = ifnull(?12, severity)," \
	  " record = ifnull(?13, record)") \
	X(PROBLEM_RELEASE_PUT, \
	  "INSERT INTO problem_release VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET" \
	  " first_ns = min(first_ns, ?3), last_ns = max(last_ns, ?4), n = n + ?5") \
	X(PROBLEM_TRACE_PUT, "INSERT OR IGNORE INTO problem_trace VALUES(?1, ?2, ?3, ?4, ?5, ?6)") \
	X(PROBLEM_TRACE_TRIM, \
	  "DELETE FROM problem_trace WHERE problem = ?1 AND time_ns < ifnull((SELECT time_ns FROM" \
	  " problem_trace WHERE problem = ?1 ORDER BY time_ns DESC LIMIT 1 OFFSET ?2), 0)") \
	X(PROBLEM_COUNT, "SELECT count(*) FROM problem") \
	X(PROBLEM_TRIM, \
	  "DELETE FROM problem WHERE id IN (SELECT id FROM problem ORDER BY last_ns LIMIT ?1)") \
	X(PROBLEM_RELEASE_SWEEP, \
	  "DELETE FROM problem_release WHERE problem NOT IN (SELECT id FROM problem)") \
	X(PROBLEM_TRACE_SWEEP, \
	  "DELETE FROM problem_trace WHERE problem NOT IN (SELECT id FROM problem)") \
	X(PROBLEM_LIST, \
	  "SELECT " PROBLEM_COLUMNS " FROM problem WHERE last_ns >= ?1 AND" \
	  " (?2 IS NULL OR service = ?2) AND (?3 IS NULL OR EXISTS(SELECT 1 FROM problem_trace" \
	  " WHERE problem = problem.id AND run = ?3)) ORDER BY last_ns DESC") \
	X(PROBLEM_GET, \
	  "SELECT " PROBLEM_COLUMNS ", resource, record_ns, severity, record FROM problem" \
	  " WHERE id = ?1") \
	X(PROBLEM_RELEASES, \
	  "SELECT release, first_ns, last_ns, n FROM problem_release WHERE problem = ?1" \
	  " ORDER BY last_ns DESC") \
	X(PROBLEM_TRACES, \
	  "SELECT time_ns, trace, span, run, message FROM problem_trace WHERE problem = ?1" \
	  " ORDER BY time_ns DESC") \
	X(OLD_TRACE, "SELECT (first + ?1) << 20 FROM (SELECT " OLDEST_NO " AS first)" \
		     " WHERE first + ?1 <= (SELECT no FROM last)") \
	X(OLD_SPAN, "SELECT id FROM span ORDER BY id LIMIT 1 OFFSET ?1") \
	X(OLD_START, \
	  "SELECT max(ifnull((SELECT max(start_ns) FROM trace WHERE no < ?1 >> 20), 0)," \
	  " ifnull((SELECT max(last_ns) FROM block WHERE no < (?1 >> 20) - 63), 0)," \
	  " ifnull((SELECT max(start_ns) FROM span WHERE id < ?1), 0))") \
	X(OLD_SPANS_DELETE, "DELETE FROM span WHERE id < ?1") \
	X(OLD_TRACES_DELETE, "DELETE FROM trace WHERE no < ?1") \
	X(OLD_BLOCKS_DELETE, "DELETE FROM block WHERE no < ?1 - 63") \
	X(OLD_LIFTED_DELETE, "DELETE FROM lifted WHERE no < ?1 - 63") \
	X(OLD_REQUESTS_DELETE, "DELETE FROM requests WHERE no IN" \
			       " (SELECT no FROM requests WHERE last_ns < ?1 LIMIT 1024)") \
	X(OLD_LOG, "SELECT time_ns FROM log ORDER BY time_ns LIMIT 1 OFFSET ?1") \
	X(OLD_LOGS_DELETE, "DELETE FROM log WHERE id IN" \
			   " (SELECT id FROM log WHERE time_ns < ?1 ORDER BY time_ns LIMIT 4096)")

/* X(name, columns): what a write adds by the hundred (store/rows.h) */
#define ROWS(X) \
	X(trace, 12) \
	X(span, 3)

enum db_rows {
#define X(name, columns) ROWS_##name,
	ROWS(X)
#undef X
		DB_ROWS,
};

enum db_statement {
#define X(name, sql) DB_##name,
	STATEMENTS(X)
#undef X
		DB_STATEMENTS,
};
