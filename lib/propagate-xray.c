/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS X-Ray's propagator ("Tracing header" of its documentation).
 *
 *     X-Amzn-Trace-Id   Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled={0,1,?}   in any order
 *
 * What else stands in it (Self, Lineage) is not ours to send on.
 */
#include "lib/propagate.h"

#include "base/hex.h"

static bool root_read(uint8_t trace_id[16], struct str root)
{
	return root.n == 35 && str_starts(root, STR("1-")) && root.p[10] == '-' &&
	       hex_read(trace_id, 4, str_first(str_from(root, 2), 8), true) &&
	       hex_read(trace_id + 4, 12, str_from(root, 11), true);
}

static bool xray_read(struct remote *out, struct str text)
{
	struct remote r = { 0 };
	bool root = false, parent = false;

	while (text.n) {
		struct cut part = str_cut(text, ';');
		struct cut pair = str_cut(str_trim(part.head), '=');
		struct str value = str_trim(pair.tail);

		text = part.tail;
		if (str_eq_nocase(pair.head, STR("root")))
			root = root_read(r.trace_id, value);
		else if (str_eq_nocase(pair.head, STR("parent")))
			parent = hex_read(r.span_id, 8, value, true);
		else if (str_eq_nocase(pair.head, STR("sampled")))
			r.sampling = str_eq(value, STR("1"))   ? REMOTE_ACCEPTED
				     : str_eq(value, STR("0")) ? REMOTE_DENIED
							       : REMOTE_DEFERRED;
	}
	r.has_ids = true;
	if (!root || !parent)
		return false;
	*out = r;
	return true;
}

static void xray_extract(struct found *f, const struct source *from)
{
	struct remote r;

	if (xray_read(&r, str_trim(field(from, "x-amzn-trace-id"))))
		found_adopt(f, &r, STR(""));
}

static void xray_inject(const struct current *c, const struct target *to)
{
	static const char decision[] = { [REMOTE_DEFERRED] = '?',
					 [REMOTE_DENIED] = '0',
					 [REMOTE_ACCEPTED] = '1',
					 [REMOTE_DEBUG] = '1' };
	char text[] = "Root=1-........-........................;Parent=................;Sampled=0";

	if (!c->entry->span_id)
		return;
	hex_write(text + 7, current_trace_id(c), 4);
	hex_write(text + 16, current_trace_id(c) + 4, 12);
	hex_write(text + 48, current_span_id(c), 8);
	text[sizeof(text) - 2] = decision[current_sampling(c)];
	to->set(to->carrier, "X-Amzn-Trace-Id", text);
}

const struct propagator propagator_xray = { xray_extract, xray_inject, NULL };
