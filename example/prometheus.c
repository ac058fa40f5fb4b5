/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus: a service with a timer, watched by settings alone, whose metrics Prometheus asks for.
 *
 *     OTEL_METRICS_EXPORTER=prometheus OTEL_PYTHON_TOMODACHI_PROMETHEUS_ADDRESS=0.0.0.0 \
 *             OTEL_PYTHON_TOMODACHI_PROMETHEUS_PORT=9464 OTEL_PYTHON_TOMODACHI_PROMETHEUS_NAMESPACE_PREFIX=shop \
 *             OTEL_PYTHON_TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED=true ORIEL_METRIC_PROFILE=tomodachi \
 *             LOG_FORMAT=json ORIEL_LOG_PROFILE=tomodachi oriel run -- prometheus --port 8080
 *
 *     GET /example    200
 *     GET /five       503
 *     GET /healthcheck
 */
#include <oriel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "serve.h"

static atomic_bool ends;
static struct oriel_counter *cleaned;

static void *every_tenth(void *arg)
{
	while (!ends) {
		ORIEL_JOB("clean up")
		oriel_add(cleaned, 1, oriel_str("what", "carts"));
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
	return arg;
}

static void answer(const struct request *q, struct reply *r)
{
	if (asks(q, "GET", "/example")) {
		oriel_info("example is asked for", oriel_int("n", 7));
		say(r, 200, "an example\n");
	} else if (asks(q, "GET", "/five")) {
		say(r, 503, "not now\n");
	} else if (asks(q, "GET", "/healthcheck")) {
		say(r, 200, "ok\n");
	}
}

int main(int argc, char **argv)
{
	pthread_t timer;
	int rc;

	(void)argc;
	oriel_start(ORIEL_OPTIONS(.service = "example", .excluded_urls = "^/healthcheck$"));
	cleaned = oriel_counter("cleaned", "{cart}", "Carts that nobody wanted");
	pthread_create(&timer, NULL, every_tenth, NULL);
	rc = serve("prometheus", argv, answer);
	ends = true;
	pthread_join(timer, NULL);
	oriel_stop();
	return rc;
}
