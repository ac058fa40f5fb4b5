/* SPDX-License-Identifier: Apache-2.0 */
/* A DSN from the environment, and limits from whatever answers: nothing in a slice can end a line. */
#include "export/sentry-dsn.h"
#include "export/sentry-limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct http_answer a = { .status = size ? 200 + data[0] : 0, .headers = text };
	struct sentry_limits l = { { 0 } };
	struct sentry_dsn d;

	if (!sentry_dsn_read(&d, text)) {
		must_be_plain(d.key);
		must_be_plain(d.host);
		must_be_plain(d.path);
		must_be_plain(d.project);
		if (!d.key.n || !d.host.n || !d.project.n)
			__builtin_trap();
	}
	sentry_limits_learn(&l, &a, 1000);
	for (int c = 0; c < N_SENTRY_CATEGORIES; c++)
		if (l.until_ns[c] && l.until_ns[c] < 1000)
			__builtin_trap();
	return 0;
}
