/* SPDX-License-Identifier: Apache-2.0 */
#include "export/log-profile.h"

#define LITERAL(text) \
	{ \
		text, sizeof(text) - 1 \
	}

static const struct log_rename same[] = { { LITERAL(""), LITERAL(""), LOG_AS_IS } };

static const struct log_rename tomodachi_access[] = {
	{ LITERAL("client_address"), LITERAL("remote_ip"), LOG_AS_IS },
	{ LITERAL("method"), LITERAL("request_method"), LOG_AS_IS },
	{ LITERAL("path"), LITERAL("request_path"), LOG_AS_IS },
	{ LITERAL("query"), LITERAL("request_query_string"), LOG_AS_IS },
	{ LITERAL("http_version"), LITERAL("http_version"), LOG_AS_IS },
	{ LITERAL("response_bytes"), LITERAL("response_content_length"), LOG_AS_IS },
	{ LITERAL("request_bytes"), LITERAL("request_content_length"), LOG_AS_IS },
	{ LITERAL("duration_ms"), LITERAL("request_time"), LOG_SECONDS },
	{ LITERAL(""), LITERAL(""), LOG_AS_IS },
};

static const struct log_rename divak_access[] = {
	{ LITERAL("client_address"), LITERAL("remoteip"), LOG_AS_IS },
	{ LITERAL("status_code"), LITERAL("status"), LOG_AS_IS },
	{ LITERAL("duration_ms"), LITERAL("elapsed"), LOG_SECONDS },
	{ LITERAL("path"), LITERAL("uri"), LOG_URI },
	{ LITERAL("query"), LITERAL(""), LOG_LEFT_OUT },
	{ LITERAL("user_agent"), LITERAL("useragent"), LOG_AS_IS },
	{ LITERAL(""), LITERAL(""), LOG_AS_IS },
};

#define KEY(field, key) \
	{ \
		LOG_##field, LITERAL(key) \
	}

/* The keys that most have, under the name that most have them by. */
#define TIME KEY(TIME, "timestamp")
#define LEVEL KEY(LEVEL, "level")
#define LOGGER KEY(LOGGER, "logger")
#define MESSAGE KEY(MESSAGE, "message")
#define SERVICE KEY(SERVICE, "service")
#define TRACE_ID KEY(TRACE_ID, "trace_id")
#define SPAN_ID KEY(SPAN_ID, "span_id")
#define TRACE_FLAGS KEY(TRACE_FLAGS, "trace_flags")
#define REQUEST_ID KEY(REQUEST_ID, "request_id")
#define METHOD KEY(METHOD, "method")
#define PATH KEY(PATH, "path")
#define EXC_TYPE KEY(EXC_TYPE, "exc_type")
#define EXC_MESSAGE KEY(EXC_MESSAGE, "exc_message")
#define REST KEY(REST, "(attributes)")

const struct log_profile log_profiles[] = {
	{
		.name = LITERAL("oriel"),
		.about = "Oriel's own",
		.text = LOG_TEXT_ORIEL,
		.access_logger = LITERAL(""),
		.access = same,
		.key = { TIME, LEVEL, LOGGER, MESSAGE, SERVICE, TRACE_ID, SPAN_ID, REQUEST_ID,
			 METHOD, PATH, REST, EXC_TYPE, EXC_MESSAGE, KEY(STACK, "stacktrace"),
			 KEY(FILE, "file"), KEY(LINE, "line"), KEY(FUNCTION, "function") },
	},
	{
		.name = LITERAL("nori"),
		.about = "Nori's JSON and text",
		.upper = true,
		.text = LOG_TEXT_NORI,
		.access_logger = LITERAL(""),
		.access = same,
		.key = { TIME, LEVEL, LOGGER, MESSAGE, KEY(STACK, "exception"), REQUEST_ID, SERVICE,
			 TRACE_ID, SPAN_ID, METHOD, PATH, REST, EXC_TYPE, EXC_MESSAGE,
			 KEY(FILE, "file"), KEY(LINE, "line"), KEY(FUNCTION, "function") },
	},
	{
		.name = LITERAL("tomodachi"),
		.about = "tomodachi's JSON logger (structlog)",
		.text = LOG_TEXT_ORIEL,
		.access_logger = LITERAL("tomodachi.http.response"),
		.access = tomodachi_access,
		.key = { TIME, LOGGER, LEVEL, MESSAGE, REST, METHOD, PATH, REQUEST_ID, SPAN_ID,
			 TRACE_ID, SERVICE, EXC_TYPE, EXC_MESSAGE, KEY(STACK, "stacktrace"),
			 KEY(FILE, "filename"), KEY(LINE, "lineno"), KEY(FUNCTION, "func_name") },
	},
	{
		.name = LITERAL("divak"),
		.about = "divak-tornado's fields",
		.upper = true,
		.text = LOG_TEXT_DIVAK,
		.access_logger = LITERAL("tornado.access"),
		.access = divak_access,
		.key = { TIME, LEVEL, LOGGER, MESSAGE, KEY(REQUEST_ID, "divak_request_id"), SERVICE,
			 TRACE_ID, SPAN_ID, METHOD, PATH, REST, EXC_TYPE, EXC_MESSAGE,
			 KEY(STACK, "exception"), KEY(FILE, "filename"), KEY(LINE, "lineno"),
			 KEY(FUNCTION, "funcName") },
	},
	{
		.name = LITERAL("structlog"),
		.about = "the FastAPI boilerplate's structlog JSON",
		.text = LOG_TEXT_ORIEL,
		.access_logger = LITERAL(""),
		.access = same,
		.key = { REST, REQUEST_ID, METHOD, PATH, EXC_TYPE, EXC_MESSAGE,
			 KEY(STACK, "exception"), KEY(FILE, "filename"), KEY(LINE, "lineno"),
			 KEY(FUNCTION, "func_name"), SERVICE, TRACE_ID, SPAN_ID, TRACE_FLAGS,
			 LOGGER, KEY(MESSAGE, "event"), LEVEL, TIME },
	},
	{ .name = LITERAL("") },
};

const struct log_profile *log_profile_find(struct str name)
{
	if (str_eq_nocase(name, STR("boilerplate")))
		name = STR("structlog");
	for (const struct log_profile *p = log_profiles; p->name.n; p++)
		if (str_eq_nocase(p->name, name))
			return p;
	return NULL;
}
