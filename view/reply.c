/* SPDX-License-Identifier: Apache-2.0 */
#include "view/reply.h"

const struct view_route view_routes[] = {
#define X(path, function, sentence) { path, sentence, function },
	VIEW_ROUTES(X)
#undef X
};

const size_t view_n_routes = sizeof(view_routes) / sizeof(view_routes[0]);

void reply_error(struct reply *r, unsigned status, const char *why)
{
	out_clear(&r->body);
	r->json.comma = false;
	r->status = status;
	json_open(&r->json, '{');
	json_key(&r->json, STR("error"));
	json_str(&r->json, str_of(why));
	json_close(&r->json, '}');
}
