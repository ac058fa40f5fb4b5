/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sampling.h"

#include "base/ratio.h"

enum { LIMIT_MOST = 1000000 };

static const char *limit_read(struct sampling_rule *r, struct str value)
{
	uint64_t v;

	if (!str_to_u64(value, &v) || !v || v > LIMIT_MOST)
		return "no number of traces a second, from 1 to a million";
	r->limit = (uint32_t)v;
	return NULL;
}

static const char *part_read(struct sampling_rule *r, struct str text)
{
	struct cut pair = str_cut(text, '=');
	struct str key = str_trim(pair.head), value = str_trim(pair.tail);

	if (!pair.found || !key.n)
		return "not KEY=VALUE";
	if (str_eq(key, STR("ratio")))
		return ratio_read(value, &r->threshold) ? NULL : "no share from 0 to 1";
	if (str_eq(key, STR("limit")))
		return limit_read(r, value);
	if (r->n == SAMPLING_CONDITIONS)
		return "one condition too many";
	r->condition[r->n].key = key;
	r->condition[r->n++].pattern = value;
	return NULL;
}

static enum sampling_outcome rule_read(struct sampling_rule *r, struct str text,
				       struct sampling_error *error)
{
	struct str rest = text;
	bool said = false;

	*r = (struct sampling_rule){ .threshold = UINT64_MAX };
	while (rest.n) {
		struct cut part = str_cut(rest, ',');
		struct str key = str_trim(str_cut(part.head, '=').head);

		rest = part.tail;
		error->what = str_trim(part.head);
		error->says = error->what.n ? part_read(r, error->what) : NULL;
		if (error->says)
			return SAMPLING_BAD;
		said |= str_eq(key, STR("ratio")) || str_eq(key, STR("limit"));
	}
	error->what = text;
	error->says = said ? NULL : "it says neither ratio nor limit";
	return said ? SAMPLING_FOUND : SAMPLING_BAD;
}

enum sampling_outcome sampling_next(struct str *text, struct sampling_rule *out,
				    struct sampling_error *error)
{
	while (text->n) {
		size_t n = 0;
		struct str rule;

		while (n < text->n && text->p[n] != ';' && text->p[n] != '\n')
			n++;
		rule = str_trim(str_first(*text, n));
		*text = str_from(*text, n + (n < text->n));
		if (rule.n)
			return rule_read(out, rule, error);
	}
	return SAMPLING_END;
}
