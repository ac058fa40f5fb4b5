/* SPDX-License-Identifier: Apache-2.0 */
#include "export/sentry-limits.h"

enum { USUAL_S = 60, MOST_S = 24 * 3600 };

static const uint64_t second_ns = 1000000000;

const struct str sentry_category_name[N_SENTRY_CATEGORIES] = {
#define X(name) STR(#name),
	SENTRY_CATEGORIES(X)
#undef X
};

static void limit(struct sentry_limits *l, size_t c, uint64_t seconds, uint64_t now_ns)
{
	uint64_t until = now_ns + (seconds < MOST_S ? seconds : MOST_S) * second_ns;

	if (l->until_ns[c] < until)
		l->until_ns[c] = until;
}

/* No category at all means every one; `default` and `security` are none of ours. */
static void limit_listed(struct sentry_limits *l, struct str names, uint64_t seconds,
			 uint64_t now_ns)
{
	bool all = !str_trim(names).n;

	for (size_t c = 0; c < N_SENTRY_CATEGORIES; c++) {
		struct str rest = names;

		while (rest.n) {
			struct cut name = str_cut(rest, ';');

			rest = name.tail;
			if (str_eq(str_trim(name.head), sentry_category_name[c]))
				limit(l, c, seconds, now_ns);
		}
		if (all)
			limit(l, c, seconds, now_ns);
	}
}

/* "60:transaction:key, 2700:default;error:organization, 60::key" */
void sentry_limits_learn(struct sentry_limits *l, const struct http_answer *a, uint64_t now_ns)
{
	struct str rest = http_header(a->headers, STR("x-sentry-rate-limits"));
	uint64_t seconds = (a->retry_after_ms + 999) / 1000;

	if (!rest.n && a->status == 429)
		limit_listed(l, STR(""), seconds ? seconds : USUAL_S, now_ns);
	while (rest.n) {
		struct cut item = str_cut(rest, ',');
		struct cut number = str_cut(str_trim(item.head), ':');

		rest = item.tail;
		if (!str_to_u64(str_cut(number.head, '.').head, &seconds))
			seconds = USUAL_S;
		if (number.found)
			limit_listed(l, str_cut(number.tail, ':').head, seconds, now_ns);
	}
}
