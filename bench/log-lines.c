/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much processor time does it take to make log lines of records, and to append them to a file that is rotated?
 * 8,192 records of four attributes, in a request: trace, span, request id, call site.
 */
#include "base/clock.h"
#include "bench/median.h"
#include "bench/sample.h"
#include "export/exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_RECORDS = 8192, N_PASSES = 41, N_ATTRIBUTES = 8 };

static const struct scope scope = { .name = STR("shop.cart"), .version = STR("") };

static struct batch *records(struct resource *r)
{
	struct batch *b = batch_new(r);

	for (size_t i = 0; b && i < N_RECORDS; i++) {
		struct attribute *a = arena_take_n(&b->arena, struct attribute, N_ATTRIBUTES);
		struct log_record *l = batch_add_log(b);

		if (!a || !l)
			abort();
		a[0] = sample_number("order.id", (int64_t)i * 7919);
		a[1] = sample_text("product", STR("a book about birds"));
		a[2] = (struct attribute){ STR("amount"), { VALUE_DOUBLE, .number = 12.5 } };
		a[3] = sample_text("tenant.id", STR("acme"));
		a[4] = sample_text("request_id", STR("0b5ce0a6-9f2d-4c6f-8f0e-5d5c8a1e7b90"));
		a[5] = sample_text("code.file.path", STR("src/cart.c"));
		a[6] = sample_number("code.line.number", 142);
		a[7] = sample_text("code.function.name", STR("cart_add"));
		*l = (struct log_record){
			.time_ns = UINT64_C(1700000000000000000) + i * 1000,
			.severity = 9,
			.body = { VALUE_STRING, .text = STR("order placed") },
			.scope = &scope,
			.attributes = { a, N_ATTRIBUTES, 0 },
		};
		memset(l->trace_id.b, 0x5a, sizeof(l->trace_id.b));
		memset(l->span_id.b, 0xa5, sizeof(l->span_id.b));
	}
	return b;
}

static bool measure(const char *name, const char *format, struct batch *b, const char *path)
{
	const struct exporter *kind = exporter_find(STR("log_file"));
	struct export_place place = { .signals = SIGNAL_LOG, .out_fd = -1, .err_fd = -1 };
	double took[N_PASSES], ns;
	struct settings s;
	char block[200], why[160];
	void *state;
	int n = snprintf(block, sizeof(block), "LOG_FILE=%s%cLOG_FORMAT=%s", path, 0, format);

	s.block = (struct str){ block, (size_t)n + 1 };
	if (kind->open(&state, &s, &place, why)) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	for (size_t i = 0; i < N_PASSES; i++) {
		struct export_result result = { .n_rejected = 0 };
		uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

		if (kind->write(state, &b, 1, &result)) {
			fprintf(stderr, "%s\n", result.why);
			return false;
		}
		took[i] = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start);
	}
	kind->close(state);
	ns = median(took, N_PASSES) / N_RECORDS;
	printf("%s %.1f ns, %.0f lines/s\n", name, ns, 1e9 / ns);
	return true;
}

int main(void)
{
	struct resource *r = sample_resource();
	char folder[] = "/tmp/oriel-bench-XXXXXX", path[64], command[64];
	struct batch *b = r ? records(r) : NULL;
	bool ok;

	if (!b || !mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/app.log", folder);
	ok = measure("log_lines_json", "json", b, path) &&
	     measure("log_lines_logfmt", "logfmt", b, path) &&
	     measure("log_lines_text", "text", b, path) &&
	     measure("log_lines_console", "console", b, path);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	batch_free(b);
	resource_free(r);
	return ok && system(command) == 0 ? 0 : 1;
}
