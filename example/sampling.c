/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampling: one request in a thousand is traced, unless its caller decided; the caller speaks B3, and
 * the traces go to Zipkin.
 *
 *     OTEL_PROPAGATORS=b3multi,b3 OTEL_TRACES_EXPORTER=zipkin OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://127.0.0.1:9411/api/v2 \
 *             ORIEL_REQUEST_ID_HEADERS=Request-Id LOG_FORMAT=text ORIEL_LOG_PROFILE=divak oriel run -- sampling --port 8080
 *
 *     GET /foo?user=ann    works, in an operation of its own
 *     GET /far             asks the service at $NEXT for /foo, in the same trace
 */
#include <oriel.h>

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "serve.h"

static void query(const char *user)
{
	ORIEL_TRACKED("query-db")
	{
		oriel_span_set(NULL, oriel_str("user", user)); /* on this span */
		oriel_fields_bind(oriel_str("user", user));    /* on log records from here on */
		oriel_info("queried");
		if (!*user)
			oriel_failed("no_user", "nobody asks");
	}
}

static size_t discard(char *bytes, size_t size, size_t n, void *you)
{
	(void)bytes;
	(void)you;
	return size * n;
}

static unsigned ask_next(void)
{
	const char *next = getenv("NEXT");
	CURL *curl = next ? curl_easy_init() : NULL;
	long status = 0;
	char url[512];

	if (!curl)
		return 502;
	snprintf(url, sizeof(url), "%s/foo?user=neighbour", next);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 5L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	return status == 200 ? 200 : 502;
}

static void answer(const struct request *q, struct reply *r)
{
	if (asks(q, "GET", "/foo")) {
		oriel_span_name(NULL, "foo");
		query(parameter(q, "user"));
		say(r, 200, "done\n");
	} else if (asks(q, "GET", "/far")) {
		say(r, ask_next(), "asked\n");
	}
}

int main(int argc, char **argv)
{
	int rc;

	(void)argc;
	oriel_start(ORIEL_OPTIONS(.service = "my-service"));
	oriel_sampling_ratio(1.0 / 1000.0);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	rc = serve("sampling", argv, answer);
	curl_global_cleanup();
	oriel_stop();
	return rc;
}
