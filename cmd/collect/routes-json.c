/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/routes-inside.h"

static void leg_json(const struct leg *leg, struct json *j)
{
	static const struct {
		enum signal signal;
		struct str name;
	} signals[] = {
		{ SIGNAL_SPAN, STR("traces") },
		{ SIGNAL_LOG, STR("logs") },
		{ SIGNAL_METRIC, STR("metrics") },
	};
	struct destination_state state;

	destination_state(leg->destination, &state);
	json_open(j, '{');
	json_key(j, STR("name"));
	json_str(j, str_of(state.name));
	json_key(j, STR("signals"));
	json_open(j, '[');
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (leg->signals & signals[i].signal)
			json_str(j, signals[i].name);
	json_close(j, ']');
	if (leg->endpoint[0]) {
		json_key(j, STR("endpoint"));
		json_str(j, str_of(leg->endpoint));
	}
	json_key(j, STR("queued"));
	json_u64(j, state.queued);
	json_key(j, STR("on_disk"));
	json_u64(j, state.spooled);
	json_key(j, STR("sent"));
	json_u64(j, state.sent);
	json_key(j, STR("dropped"));
	json_u64(j, state.dropped);
	json_key(j, STR("failing"));
	json_bool(j, state.failing);
	json_key(j, STR("why"));
	json_str(j, str_of(state.why));
	json_close(j, '}');
}

void routes_json(struct routes *r, struct json *j)
{
	pthread_mutex_lock(&r->lock);
	for (const struct route *route = r->head; route; route = route->next)
		for (size_t i = 0; i < route->n_legs; i++)
			leg_json(&route->leg[i], j);
	pthread_mutex_unlock(&r->lock);
	scrapes_json(r->scrapes, j);
}
