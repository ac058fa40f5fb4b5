/* SPDX-License-Identifier: Apache-2.0 */
#include "export/shipment.h"

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const enum signal signal_of[N_SIGNALS] = { SIGNAL_SPAN, SIGNAL_LOG, SIGNAL_METRIC };
static const char *const signal_name[N_SIGNALS] = { "traces", "logs", "metrics" };

enum signal shipment_signal(size_t which)
{
	return signal_of[which];
}

int shipment_send_all(size_t which, struct batch *const *batches, size_t n,
		      int (*send)(void *x, const struct shipment *s, struct export_result *result),
		      void *x, struct export_result *result)
{
	size_t total = otlp_count(signal_of[which], batches, n);
	size_t most = result->most[which] ? result->most[which] : total;
	size_t *done = &result->n_done[which];

	while (*done < total) {
		size_t end = total - *done > most ? *done + most : total;
		struct shipment s = { which, { batches, n, *done, end } };
		int r = send(x, &s, result);

		if (r == SHIP_TOO_BIG)
			most = (end - *done) / 2;
		else if (r && r != SHIP_SETTLED)
			return TRACE(r);
		else
			*done = end;
	}
	return 0;
}

void shipment_tell(struct export_result *result, const struct shipment *s, const char *fmt, ...)
{
	int n = snprintf(result->why, sizeof(result->why), "%s: ", signal_name[s->which]);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(result->why + n, sizeof(result->why) - (size_t)n, fmt, ap);
	va_end(ap);
	for (char *p = result->why; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
}

void shipment_reject(struct export_result *result, const struct shipment *s, uint64_t n)
{
	size_t all = shipment_items(s);

	n = n < all ? n : all;
	result->n_rejected += n;
	result->n_rejected_of[s->which] += n;
}

int shipment_unanswered(struct export_result *result, const struct shipment *s, int r,
			const struct http_answer *a)
{
	switch (r) {
	case HTTP_UNREACHABLE:
		shipment_tell(result, s, "%s", a->why);
		return SHIP_UNREACHABLE;
	case HTTP_STOPPED:
		shipment_tell(result, s, "interrupted");
		return SHIP_UNREACHABLE;
	case HTTP_IMPOSSIBLE:
		shipment_tell(result, s, "%s", a->why);
		shipment_reject(result, s, SIZE_MAX);
		return 0;
	default:
		return TRACE(r);
	}
}

int shipment_encoded(struct export_result *result, const struct shipment *s, const struct out *o,
		     size_t most)
{
	if (o->error != -EFBIG)
		return o->error ? ERR(o->error) : 0;
	if (shipment_items(s) > 1)
		return SHIP_TOO_BIG;
	if (most >> 20)
		shipment_tell(result, s, "one item alone is larger than %zu MiB", most >> 20);
	else
		shipment_tell(result, s, "one item alone is larger than %zu bytes", most);
	shipment_reject(result, s, 1);
	return SHIP_SETTLED;
}

void shipment_left_out(struct export_result *result, const struct shipment *s, size_t n)
{
	if (!n)
		return;
	shipment_tell(result, s, "%zu without ids left out", n);
	shipment_reject(result, s, n);
}

int shipment_failed(struct export_result *result, const struct shipment *s, const char *url,
		    const struct http_answer *a, struct str message)
{
	shipment_tell(result, s, "status %d from " STR_FMT "%s" STR_FMT, a->status,
		      STR_ARG(shipment_place(url)), message.n ? ": " : "", STR_ARG(message));
	switch (a->status) {
	case 429:
	case 502:
	case 503:
	case 504:
		if (a->retry_after_ms > result->retry_after_ms)
			result->retry_after_ms = a->retry_after_ms;
		return SHIP_LATER;
	case 413:
		if (shipment_items(s) > 1)
			return SHIP_TOO_BIG;
		break;
	}
	shipment_reject(result, s, SIZE_MAX);
	return 0;
}

struct str shipment_place(const char *url)
{
	struct str s = str_of(strstr(url, "://") + 3);
	struct str place = str_first(s, strcspn(s.p, "/?#"));
	const char *at = memrchr(place.p, '@', place.n);

	return at ? str_from(place, (size_t)(at + 1 - place.p)) : place;
}

void shipment_show(char *to, size_t room, const char *url)
{
	struct str place = shipment_place(url);
	const char *path = place.p + place.n;
	struct str scheme = str_first(str_of(url), (size_t)(strstr(url, "://") + 3 - url));

	snprintf(to, room, STR_FMT STR_FMT STR_FMT, STR_ARG(scheme), STR_ARG(place),
		 STR_ARG(str_first(str_of(path), strcspn(path, "?#"))));
}
