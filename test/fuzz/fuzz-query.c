/* SPDX-License-Identifier: Apache-2.0 */
/* A request's target and a Host header, as anybody can send them. */
#include "base/host.h"
#include "view/query.h"

#include <stdlib.h>

static void within(const struct query *q, struct str s)
{
	if (s.n && (s.p < q->text || s.p + s.n > q->text + sizeof(q->text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct trace_filter traces;
	struct log_filter logs;
	struct host host;
	struct query q;

	if (query_read(&q, text) == QUERY_OK) {
		within(&q, q.path);
		if (query_traces(&q, &traces) == QUERY_OK) {
			within(&q, traces.text);
			if (traces.limit < 1 || traces.limit > 500 || traces.http_status > 599)
				abort();
		}
		if (query_logs(&q, &logs) == QUERY_OK && (logs.limit < 1 || logs.limit > 2000))
			abort();
	}
	if (host_read(&host, text) == HOST_OK)
		host_is_ours(&host, text);
	return 0;
}
