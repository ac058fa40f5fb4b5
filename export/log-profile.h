/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log profile: which keys a log line has, and in which order. One table, from which every format
 * writes; doc/logs.md has the same as words (test/stories/log-lines.bats compares).
 *
 *     const struct log_profile *p = log_profile_find(STR("nori"));
 *     for (const struct log_key *k = p->key; k->key.n; k++) ...
 *
 * Values stay in the form that is ours, whatever the profile: times have six digits and Z, ids are
 * whole. What a record hasn't got is left out.
 */
#pragma once

#include "base/str.h"

enum log_field {
	LOG_TIME,
	LOG_LEVEL,
	LOG_LOGGER,
	LOG_MESSAGE,
	LOG_SERVICE,
	LOG_TRACE_ID,
	LOG_SPAN_ID,
	LOG_TRACE_FLAGS,
	/* from here on: attributes that are known by name */
	LOG_REQUEST_ID,
	LOG_METHOD,
	LOG_PATH,
	LOG_FILE,
	LOG_LINE,
	LOG_FUNCTION,
	LOG_EXC_TYPE,
	LOG_EXC_MESSAGE,
	LOG_STACK,
	N_LOG_FIELDS,
	LOG_REST = N_LOG_FIELDS, /* all other attributes, as they came */
};

struct log_key {
	enum log_field field;
	struct str key; /* of LOG_REST: for tables of documentation */
};

/* An attribute of an access line, by the name that this system has for it. */
struct log_rename {
	struct str from, to;
	enum {
		LOG_AS_IS,
		LOG_SECONDS, /* of milliseconds */
		LOG_URI,     /* the path with the query */
		LOG_LEFT_OUT,
	} as;
};

enum log_text {
	LOG_TEXT_ORIEL, /* [time] LEVEL - logger: message k=v [req=…] trace_id=… span_id=… */
	LOG_TEXT_NORI,	/* [time] LEVEL - logger: message k=v [req=8 letters] */
	LOG_TEXT_DIVAK, /* L - logger: message {request id} */
};

struct log_profile {
	struct str name;
	const char *about;
	bool upper; /* levels */
	enum log_text text;
	struct str access_logger;	 /* empty: as it came */
	const struct log_rename *access; /* ended by an empty `from` */
	struct log_key key[N_LOG_FIELDS + 2];
};

/* Ended by an empty name; the first is the default. */
extern const struct log_profile log_profiles[];

const struct log_profile *log_profile_find(struct str name); /* NULL: there is none */
