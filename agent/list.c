/* SPDX-License-Identifier: Apache-2.0 */
/* The libraries that the agent watches, in alphabetical order. */
#include "agent/agent.h"

extern const struct watched watched_civetweb, watched_fastcgi, watched_ulfius;
extern const struct watched watched_evhttp, watched_evhttp_client, watched_libevent;
extern const struct watched watched_libmariadb, watched_libpq;
extern const struct watched watched_hiredis, watched_libmongoc, watched_librdkafka;
extern const struct watched watched_libcurl, watched_libmicrohttpd, watched_sqlite;
extern const struct watched watched_sockets;
extern const struct watched watched_libuv, watched_threads;
extern const struct watched watched_journal, watched_stdio, watched_syslog;

const struct watched *const watched[] = {
	&watched_civetweb,	&watched_evhttp,    &watched_evhttp_client,
	&watched_fastcgi,	&watched_hiredis,   &watched_journal,
	&watched_libcurl,	&watched_libevent,  &watched_libmariadb,
	&watched_libmicrohttpd, &watched_libmongoc, &watched_libpq,
	&watched_librdkafka,	&watched_libuv,	    &watched_sockets,
	&watched_sqlite,	&watched_stdio,	    &watched_syslog,
	&watched_threads,	&watched_ulfius,    NULL,
};
