/* SPDX-License-Identifier: Apache-2.0 */
#include "view/change.h"

#include "base/change.h"
#include "base/scoped.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#define json_null jansson_null /* base/json.h has another */
#include <jansson.h>
#undef json_null
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANGES_MOST = 32, TEXT_MOST = 2048, ADDRESS_ROOM = 48, LINE_MOST = 512 };

void change_gather(struct change_post *post, const char *data, size_t n)
{
	if (n <= CHANGE_BODY_MOST - post->n)
		memcpy(post->body + post->n, data, n);
	post->n = n <= CHANGE_BODY_MOST - post->n ? post->n + n : CHANGE_BODY_MOST + 1;
	if (post->n > CHANGE_BODY_MOST)
		post->n = CHANGE_BODY_MOST + 1;
}

/* ---- who may ------------------------------------------------------------------------------------- */

/* As /proc/net/tcp and tcp6 write it: the words of the address as numbers of this machine. */
static bool address_text(const struct sockaddr *a, char out[ADDRESS_ROOM])
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;
	uint32_t word[4];

	if (a->sa_family == AF_INET) {
		snprintf(out, ADDRESS_ROOM, "%08X:%04X", v4->sin_addr.s_addr, ntohs(v4->sin_port));
		return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
	}
	if (a->sa_family != AF_INET6)
		return false;
	memcpy(word, &v6->sin6_addr, sizeof(word));
	snprintf(out, ADDRESS_ROOM, "%08X%08X%08X%08X:%04X", word[0], word[1], word[2], word[3],
		 ntohs(v6->sin6_port));
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Whose is the other end of this connection? False: nobody says. */
static bool owner_of(const struct sockaddr *peer, int fd, unsigned *uid)
{
	struct sockaddr_storage mine;
	socklen_t n = sizeof(mine);
	char theirs[ADDRESS_ROOM], ours[ADDRESS_ROOM], local[ADDRESS_ROOM], remote[ADDRESS_ROOM];
	char line[LINE_MOST];
	bool found = false;
	FILE *f;

	if (!address_text(peer, theirs) || getsockname(fd, (struct sockaddr *)&mine, &n) < 0)
		return false;
	address_text((const struct sockaddr *)&mine, ours);
	f = fopen(peer->sa_family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6", "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, " %*d: %47s %47s %*x %*x:%*x %*x:%*x %*x %u", local, remote,
			       uid) == 3 &&
			strcmp(local, theirs) == 0 && strcmp(remote, ours) == 0;
	if (f)
		fclose(f);
	return found;
}

static struct str header_of(struct MHD_Connection *c, const char *name)
{
	return str_of(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

/* The page's own requests name our origin; a command's name none. */
static bool is_from_elsewhere(struct MHD_Connection *c)
{
	struct str origin = header_of(c, MHD_HTTP_HEADER_ORIGIN);
	struct str site = header_of(c, "Sec-Fetch-Site");

	if (site.n && !str_eq(site, STR("same-origin")))
		return true;
	return origin.n &&
	       !(str_starts(origin, STR("http://")) &&
		 str_eq(str_from(origin, strlen("http://")), header_of(c, MHD_HTTP_HEADER_HOST)));
}

const char *change_refusal(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *peer =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct str type = str_cut(header_of(c, MHD_HTTP_HEADER_CONTENT_TYPE), ';').head;
	unsigned uid;

	if (is_from_elsewhere(c))
		return "this comes from another page";
	if (!str_eq_nocase(str_trim(type), STR("application/json")))
		return "changes are application/json";
	if (!peer || !fd || !owner_of(peer->client_addr, fd->connect_fd, &uid))
		return "changes come from this machine only, over loopback";
	if (uid != 0 && uid != geteuid())
		return "changes come from the user of the services only";
	return NULL;
}

/* ---- what is asked ---------------------------------------------------------------------------------- */

static bool add_line(char text[TEXT_MOST], size_t *n, struct str line)
{
	if (memchr(line.p, '\n', line.n) || memchr(line.p, '\0', line.n) ||
	    line.n + 1 >= TEXT_MOST - *n)
		return false;
	memcpy(text + *n, line.p, line.n);
	*n += line.n;
	text[(*n)++] = '\0';
	return true;
}

static struct str text_of(const json_t *j)
{
	return (struct str){ json_string_value(j), json_string_length(j) };
}

/* Pointers to the changes; NULL, or why they can't be made. */
static const char *changes_read(const json_t *all, char text[TEXT_MOST],
				char *changes[CHANGES_MOST + 1])
{
	const json_t *target = json_object_get(all, "target"), *set = json_object_get(all, "set");
	struct change change;
	size_t n = 0, count = json_array_size(set);

	if (!json_is_string(target) || !json_string_length(target) || !json_is_array(set) ||
	    !count || count > CHANGES_MOST)
		return "{\"target\": SERVICE, \"set\": [\"NAME=VALUE\", ...]} is wanted";
	if (!add_line(text, &n, text_of(target)))
		return "no service is called so";
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(set, i);
		const char *why;

		if (!json_is_string(one))
			return "a change is a text";
		why = change_read(&change, text_of(one));
		if (why)
			return why;
		changes[i] = text + n;
		if (!add_line(text, &n, text_of(one)))
			return "too much at once";
	}
	changes[count] = NULL;
	return NULL;
}

void change_answer(const struct view_facts *v, const struct change_post *post, struct reply *r)
{
	char text[TEXT_MOST], *changes[CHANGES_MOST + 1];
	json_t *all = post->n <= CHANGE_BODY_MOST ? json_loadb(post->body, post->n, 0, NULL) : NULL;
	const char *why = changes_read(all, text, changes);
	uint32_t n = 0;
	int error = 0;

	json_decref(all);
	if (post->n > CHANGE_BODY_MOST) {
		reply_error(r, 413, "too much at once");
	} else if (why) {
		reply_error(r, 400, why);
	} else if (!v->sources->change) {
		reply_error(r, 503, "nothing runs here that could be changed");
	} else {
		error = v->sources->change(text, changes, &n, v->you);
		if (error == -ESRCH)
			reply_error(r, 404, "no service that runs is called so, and no process");
		else if (error)
			reply_error(r, 503, "the collector didn't take it");
	}
	if (why || error || post->n > CHANGE_BODY_MOST || !v->sources->change)
		return;
	json_open(&r->json, '{');
	json_key(&r->json, STR("processes"));
	json_u64(&r->json, n);
	json_close(&r->json, '}');
}
