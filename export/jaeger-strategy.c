/* SPDX-License-Identifier: Apache-2.0 */
/* Strategies as Jaeger writes them, in JSON and in protobuf (api_v2/sampling.proto). */
#include "export/jaeger-remote.h"
#include "export/protobuf-read.h"
#include "wire/control.h"

#include <jansson.h>

static const char *const bad_share = "a share is none from 0 to 1";
static const char *const bad_rate = "a number of traces a second is none";
static const char *const bad_form = "it is no sampling strategy";

static bool share_of(double v, uint64_t *threshold)
{
	if (!(v >= 0 && v <= 1))
		return false;
	*threshold = v < 1 ? (uint64_t)(v * 0x1p64) : UINT64_MAX;
	return true;
}

/* 0: no such rate. The rarest is one a day. */
static bool each_ns(double per_second, uint64_t *ns)
{
	static const double second = 1e9, day = 86400e9;
	double each = second / per_second;

	if (!(per_second >= 0))
		return false;
	*ns = per_second == 0 ? 0 : each > day ? (uint64_t)day : each < 1 ? 1 : (uint64_t)each;
	return true;
}

static void limit_to(struct strategy *s, uint64_t ns)
{
	s->limit_ns = ns;
	s->threshold = ns ? UINT64_MAX : 0;
}

static void operation_add(struct strategy *s, struct str name, uint64_t threshold)
{
	uint64_t number = control_name(name.p, name.n);

	for (size_t i = 0; i < s->n; i++)
		if (s->operation[i].name == number)
			return;
	if (s->n == STRATEGY_OPERATIONS)
		s->n_left_out++;
	else
		s->operation[s->n++] = (struct strategy_operation){ number, threshold };
}

/* ---- JSON ------------------------------------------------------------------------------------------- */

static const char *json_share(const json_t *of, const char *key, uint64_t *threshold)
{
	const json_t *v = json_object_get(of, key);

	return json_is_number(v) && share_of(json_number_value(v), threshold) ? NULL : bad_share;
}

/* Not there: 0. */
static const char *json_rate(const json_t *of, const char *key, uint64_t *ns)
{
	const json_t *v = json_object_get(of, key);

	*ns = 0;
	return !v || (json_is_number(v) && each_ns(json_number_value(v), ns)) ? NULL : bad_rate;
}

static const char *json_operation(struct strategy *s, const json_t *of)
{
	const json_t *name = json_object_get(of, "operation");
	uint64_t threshold;
	const char *bad = json_share(json_object_get(of, "probabilisticSampling"), "samplingRate",
				     &threshold);

	if (!json_is_string(name))
		return bad_form;
	if (!bad)
		operation_add(s, (struct str){ json_string_value(name), json_string_length(name) },
			      threshold);
	return bad;
}

static const char *json_operations(struct strategy *s, const json_t *of)
{
	const json_t *list = json_object_get(of, "perOperationStrategies");
	const char *bad = json_share(of, "defaultSamplingProbability", &s->threshold);

	if (!bad)
		bad = json_rate(of, "defaultLowerBoundTracesPerSecond", &s->lower_ns);
	if (!bad && list && !json_is_array(list) && !json_is_null(list))
		return bad_form;
	for (size_t i = 0; !bad && i < json_array_size(list); i++)
		bad = json_operation(s, json_array_get(list, i));
	return bad;
}

static const char *json_strategy(struct strategy *s, const json_t *of)
{
	const json_t *operations = json_object_get(of, "operationSampling");
	const json_t *limiting = json_object_get(of, "rateLimitingSampling");
	const json_t *share = json_object_get(of, "probabilisticSampling");
	const char *bad;
	uint64_t ns;

	if (json_is_object(operations))
		return json_operations(s, operations);
	if (json_is_object(limiting)) {
		bad = json_object_get(limiting, "maxTracesPerSecond")
			      ? json_rate(limiting, "maxTracesPerSecond", &ns)
			      : bad_rate;
		if (!bad)
			limit_to(s, ns);
		return bad;
	}
	return json_is_object(share) ? json_share(share, "samplingRate", &s->threshold) : bad_form;
}

const char *jaeger_strategy_json(struct strategy *out, struct str text)
{
	json_t *root = json_loadb(text.p, text.n, 0, NULL);
	struct strategy s = { .n = 0 };
	const char *bad = json_is_object(root) ? json_strategy(&s, root) : "it is no JSON object";

	json_decref(root);
	if (!bad)
		*out = s;
	return bad;
}

/* ---- protobuf --------------------------------------------------------------------------------------- */

enum { RESPONSE_SHARE = 2, RESPONSE_LIMITING = 3, RESPONSE_OPERATIONS = 4 };
enum { SHARE_RATE = 1, LIMITING_MOST = 1 };
enum { OPERATIONS_SHARE = 1, OPERATIONS_LOWER = 2, OPERATIONS_EACH = 3 };
enum { OPERATION_NAME = 1, OPERATION_SHARE = 2 };

static bool is_double(const struct proto_field *f, uint32_t number)
{
	return f->number == number && f->wire == PROTO_FIXED64;
}

/* What isn't there is 0. */
static const char *proto_share(struct str message, uint64_t *threshold)
{
	struct proto_reader r = { .rest = message };
	struct proto_field f;
	double v = 0;

	while (proto_read(&r, &f))
		if (is_double(&f, SHARE_RATE))
			v = proto_double(f.value);
	return r.bad ? bad_form : share_of(v, threshold) ? NULL : bad_share;
}

static const char *proto_limiting(struct strategy *s, struct str message)
{
	struct proto_reader r = { .rest = message };
	struct proto_field f;
	uint64_t ns, n = 0;

	while (proto_read(&r, &f))
		if (f.number == LIMITING_MOST && f.wire == PROTO_VARINT)
			n = f.value;
	if (r.bad || n > INT32_MAX || !each_ns((double)n, &ns))
		return r.bad ? bad_form : bad_rate;
	limit_to(s, ns);
	return NULL;
}

static const char *proto_operation(struct strategy *s, struct str message)
{
	struct proto_reader r = { .rest = message };
	struct str name = STR("");
	const char *bad = NULL;
	uint64_t threshold = 0;
	struct proto_field f;

	while (!bad && proto_read(&r, &f)) {
		if (f.number == OPERATION_NAME && f.wire == PROTO_BYTES)
			name = f.bytes;
		else if (f.number == OPERATION_SHARE && f.wire == PROTO_BYTES)
			bad = proto_share(f.bytes, &threshold);
	}
	if (bad || r.bad)
		return bad ? bad : bad_form;
	operation_add(s, name, threshold);
	return NULL;
}

static const char *proto_operations(struct strategy *s, struct str message)
{
	struct proto_reader r = { .rest = message };
	const char *bad = NULL;
	struct proto_field f;

	s->threshold = 0;
	while (!bad && proto_read(&r, &f)) {
		if (is_double(&f, OPERATIONS_SHARE))
			bad = share_of(proto_double(f.value), &s->threshold) ? NULL : bad_share;
		else if (is_double(&f, OPERATIONS_LOWER))
			bad = each_ns(proto_double(f.value), &s->lower_ns) ? NULL : bad_rate;
		else if (f.number == OPERATIONS_EACH && f.wire == PROTO_BYTES)
			bad = proto_operation(s, f.bytes);
	}
	return bad ? bad : r.bad ? bad_form : NULL;
}

const char *jaeger_strategy_protobuf(struct strategy *out, struct str message)
{
	struct proto_reader r = { .rest = message };
	struct str part[RESPONSE_OPERATIONS + 1] = { { NULL, 0 } };
	struct strategy s = { .n = 0 };
	const char *bad = bad_form;
	struct proto_field f;

	while (proto_read(&r, &f))
		if (f.number <= RESPONSE_OPERATIONS && f.wire == PROTO_BYTES)
			part[f.number] = f.bytes;
	if (r.bad)
		return bad_form;
	if (part[RESPONSE_OPERATIONS].p)
		bad = proto_operations(&s, part[RESPONSE_OPERATIONS]);
	else if (part[RESPONSE_LIMITING].p)
		bad = proto_limiting(&s, part[RESPONSE_LIMITING]);
	else if (part[RESPONSE_SHARE].p)
		bad = proto_share(part[RESPONSE_SHARE], &s.threshold);
	if (!bad)
		*out = s;
	return bad;
}
