/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watched: the libraries that the agent has wrappers for. One list: the verdict, `oriel doctor` and
 * the manual page read it.
 */
#pragma once

/*
 * X(soname, name for people, a symbol that tells of a copy inside the program, what is seen).
 * Two sonames of one library lie together under one name.
 */
#define WATCHED(X) \
	X("libmicrohttpd.so.12", "libmicrohttpd", "MHD_queue_response", \
	  "a server span for each request, http.server.request.duration") \
	X("libcivetweb.so.1", "civetweb", "mg_start", \
	  "a server span for each request, http.server.request.duration") \
	X("libfcgi.so.0", "fastcgi", "FCGX_Accept_r", \
	  "a server span for each request, http.server.request.duration") \
	X("libevent-2.1.so.7", "libevent", "evhttp_new", \
	  "a server span for each request to evhttp; the context goes with its callbacks") \
	X("libevent_extra-2.1.so.7", "libevent", "evhttp_new", \
	  "a server span for each request to evhttp; the context goes with its callbacks") \
	X("libcurl.so.4", "libcurl", "curl_easy_perform", \
	  "a client span for each transfer; the trace goes on in the service that it calls") \
	X("libcurl-gnutls.so.4", "libcurl", "curl_easy_perform", \
	  "a client span for each transfer; the trace goes on in the service that it calls") \
	X("libhiredis.so.0.14", "hiredis", "redisvCommand", \
	  "a span for each command to Redis, with its keys and without the values") \
	X("libmariadb.so.3", "libmariadb", "mysql_real_query", \
	  "a span for each statement to MariaDB or MySQL, its text without the values") \
	X("libmongoc-1.0.so.0", "libmongoc", "mongoc_client_new_from_uri_with_error", \
	  "a span for each command to MongoDB, its names without the values") \
	X("librdkafka.so.1", "librdkafka", "rd_kafka_producev", \
	  "a span for each message to Kafka, and for the work on one; the trace goes with it") \
	X("libpq.so.5", "libpq", "PQexec", \
	  "a span for each command to PostgreSQL, its text without the values") \
	X("libsystemd.so.0", "journal", "sd_journal_sendv", \
	  "what it tells systemd's journal: a log record for each entry, with its fields") \
	X("libsqlite3.so.0", "SQLite", "sqlite3_step", \
	  "a span for each statement that runs, its text without the values")
