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

const struct log_profile log_profiles[] = {
	{
		LITERAL("oriel"),
		"Oriel's own",
		false,
		LOG_TEXT_ORIEL,
		LITERAL(""),
		same,
		{
			{ LOG_TIME, LITERAL("timestamp") },
			{ LOG_LEVEL, LITERAL("level") },
			{ LOG_LOGGER, LITERAL("logger") },
			{ LOG_MESSAGE, LITERAL("message") },
			{ LOG_SERVICE, LITERAL("service") },
			{ LOG_TRACE_ID, LITERAL("trace_id") },
			{ LOG_SPAN_ID, LITERAL("span_id") },
			{ LOG_REQUEST_ID, LITERAL("request_id") },
			{ LOG_METHOD, LITERAL("method") },
			{ LOG_PATH, LITERAL("path") },
			{ LOG_REST, LITERAL("(attributes)") },
			{ LOG_EXC_TYPE, LITERAL("exc_type") },
			{ LOG_EXC_MESSAGE, LITERAL("exc_message") },
			{ LOG_STACK, LITERAL("stacktrace") },
			{ LOG_FILE, LITERAL("file") },
			{ LOG_LINE, LITERAL("line") },
			{ LOG_FUNCTION, LITERAL("function") },
		},
	},
	{
		LITERAL("nori"),
		"Nori's JSON and text",
		true,
		LOG_TEXT_NORI,
		LITERAL(""),
		same,
		{
			{ LOG_TIME, LITERAL("timestamp") },
			{ LOG_LEVEL, LITERAL("level") },
			{ LOG_LOGGER, LITERAL("logger") },
			{ LOG_MESSAGE, LITERAL("message") },
			{ LOG_STACK, LITERAL("exception") },
			{ LOG_REQUEST_ID, LITERAL("request_id") },
			{ LOG_SERVICE, LITERAL("service") },
			{ LOG_TRACE_ID, LITERAL("trace_id") },
			{ LOG_SPAN_ID, LITERAL("span_id") },
			{ LOG_METHOD, LITERAL("method") },
			{ LOG_PATH, LITERAL("path") },
			{ LOG_REST, LITERAL("(attributes)") },
			{ LOG_EXC_TYPE, LITERAL("exc_type") },
			{ LOG_EXC_MESSAGE, LITERAL("exc_message") },
			{ LOG_FILE, LITERAL("file") },
			{ LOG_LINE, LITERAL("line") },
			{ LOG_FUNCTION, LITERAL("function") },
		},
	},
	{
		LITERAL("tomodachi"),
		"tomodachi's JSON logger (structlog)",
		false,
		LOG_TEXT_ORIEL,
		LITERAL("tomodachi.http.response"),
		tomodachi_access,
		{
			{ LOG_TIME, LITERAL("timestamp") },
			{ LOG_LOGGER, LITERAL("logger") },
			{ LOG_LEVEL, LITERAL("level") },
			{ LOG_MESSAGE, LITERAL("message") },
			{ LOG_REST, LITERAL("(attributes)") },
			{ LOG_METHOD, LITERAL("method") },
			{ LOG_PATH, LITERAL("path") },
			{ LOG_REQUEST_ID, LITERAL("request_id") },
			{ LOG_SPAN_ID, LITERAL("span_id") },
			{ LOG_TRACE_ID, LITERAL("trace_id") },
			{ LOG_SERVICE, LITERAL("service") },
			{ LOG_EXC_TYPE, LITERAL("exc_type") },
			{ LOG_EXC_MESSAGE, LITERAL("exc_message") },
			{ LOG_STACK, LITERAL("stacktrace") },
			{ LOG_FILE, LITERAL("filename") },
			{ LOG_LINE, LITERAL("lineno") },
			{ LOG_FUNCTION, LITERAL("func_name") },
		},
	},
	{
		LITERAL("divak"),
		"divak-tornado's fields",
		true,
		LOG_TEXT_DIVAK,
		LITERAL("tornado.access"),
		divak_access,
		{
			{ LOG_TIME, LITERAL("timestamp") },
			{ LOG_LEVEL, LITERAL("level") },
			{ LOG_LOGGER, LITERAL("logger") },
			{ LOG_MESSAGE, LITERAL("message") },
			{ LOG_REQUEST_ID, LITERAL("divak_request_id") },
			{ LOG_SERVICE, LITERAL("service") },
			{ LOG_TRACE_ID, LITERAL("trace_id") },
			{ LOG_SPAN_ID, LITERAL("span_id") },
			{ LOG_METHOD, LITERAL("method") },
			{ LOG_PATH, LITERAL("path") },
			{ LOG_REST, LITERAL("(attributes)") },
			{ LOG_EXC_TYPE, LITERAL("exc_type") },
			{ LOG_EXC_MESSAGE, LITERAL("exc_message") },
			{ LOG_STACK, LITERAL("exception") },
			{ LOG_FILE, LITERAL("filename") },
			{ LOG_LINE, LITERAL("lineno") },
			{ LOG_FUNCTION, LITERAL("funcName") },
		},
	},
	{
		LITERAL("structlog"),
		"the FastAPI boilerplate's structlog JSON",
		false,
		LOG_TEXT_ORIEL,
		LITERAL(""),
		same,
		{
			{ LOG_REST, LITERAL("(attributes)") },
			{ LOG_REQUEST_ID, LITERAL("request_id") },
			{ LOG_METHOD, LITERAL("method") },
			{ LOG_PATH, LITERAL("path") },
			{ LOG_EXC_TYPE, LITERAL("exc_type") },
			{ LOG_EXC_MESSAGE, LITERAL("exc_message") },
			{ LOG_STACK, LITERAL("exception") },
			{ LOG_FILE, LITERAL("filename") },
			{ LOG_LINE, LITERAL("lineno") },
			{ LOG_FUNCTION, LITERAL("func_name") },
			{ LOG_SERVICE, LITERAL("service") },
			{ LOG_TRACE_ID, LITERAL("trace_id") },
			{ LOG_SPAN_ID, LITERAL("span_id") },
			{ LOG_TRACE_FLAGS, LITERAL("trace_flags") },
			{ LOG_LOGGER, LITERAL("logger") },
			{ LOG_MESSAGE, LITERAL("event") },
			{ LOG_LEVEL, LITERAL("level") },
			{ LOG_TIME, LITERAL("timestamp") },
		},
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
