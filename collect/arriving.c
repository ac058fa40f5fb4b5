/* SPDX-License-Identifier: Apache-2.0 */
/* Files that come into the run directory: whose they are, and how their processes join the others. */
#include "collect/inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "collect/gauge-mode.h"
#include "collect/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { AGAIN_MS = 10 };

static void pending_free(struct pending **at)
{
	struct pending *f = *at;

	*at = f->next;
	free(f);
}

void collector_forget_files(struct collector *c)
{
	while (c->pending)
		pending_free(&c->pending);
	while (c->refused)
		pending_free(&c->refused);
}

static struct process *process_named(struct collector *c, const char *name)
{
	for (struct process *p = c->process; p; p = p->next)
		if (strcmp(p->in->name, name) == 0)
			return p;
	return NULL;
}

static bool is_among(const struct pending *f, const char *name)
{
	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	return f;
}

static void file_came(const char *name, void *you)
{
	struct collector *c = you;
	struct pending *f;

	if (process_named(c, name) || is_among(c->pending, name) || is_among(c->refused, name))
		return;
	f = calloc(1, sizeof(*f));
	if (!f)
		return;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->next = c->pending;
	c->pending = f;
}

static void file_let_go(const char *name, void *you)
{
	struct process *p = process_named(you, name);

	if (p)
		p->look = true;
}

int collector_list_files(struct collector *c)
{
	for (struct process *p = c->process; p; p = p->next)
		p->look = true;
	return rundir_list(&c->dir, file_came, c);
}

static void files_lost(void *you)
{
	collector_list_files(you);
}

struct any {
	const struct collector *c;
	bool any;
};

static void note_any(const char *name, void *you)
{
	struct any *a = you;

	a->any |= !is_among(a->c->refused, name);
}

bool collector_finds_files(struct collector *c)
{
	struct any a = { .c = c };

	rundir_list(&c->dir, note_any, &a);
	return a.any;
}

void collector_apply_wishes(struct collector *c, struct process *p)
{
	pthread_mutex_lock(&c->lock);
	wishes_apply(&c->wishes, p);
	pthread_mutex_unlock(&c->lock);
}

static void process_joins(struct collector *c, struct process *p)
{
	p->route = collector_route_of(c, p);
	if (p->route) {
		process_watched(p, &p->route->run->first);
		p->route->n_processes++;
		p->route->run->n_processes++;
	}
	p->folded = folded_take(&c->folded, p->in->name);
	collector_watch(c, p->death.pidfd);
	remote_join(c, p);
	gauge_modes_check(&p->in->settings);
	profile_check(&p->in->settings);
	collector_apply_wishes(c, p);
	if (c->options.sink->place)
		c->options.sink->place(&p->in->settings, p->place, c->options.you);
	pthread_mutex_lock(&c->lock);
	p->next = c->process;
	c->process = p;
	/* From here on the segment says that a collector has read in it, also if we are killed. */
	process_tend(p, clock_mono_ns(), c->losses);
	pthread_mutex_unlock(&c->lock);
}

static bool is_gone(const struct collector *c, const char *name)
{
	return faccessat(c->dir.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

/* Names are random and not used again; those whose files are gone make room. */
static void pending_refuse(struct collector *c, struct pending **at)
{
	struct pending *f = *at;

	*at = f->next;
	f->next = c->refused;
	c->refused = f;
	for (at = &f->next; *at;)
		if (is_gone(c, (*at)->name))
			pending_free(at);
		else
			at = &(*at)->next;
}

void collector_look_for_files(struct collector *c, uint64_t now)
{
	struct rundir_news news = { file_came, file_let_go, files_lost, c };

	rundir_read(&c->dir, &news);
	for (struct pending **at = &c->pending; *at;) {
		struct process *p = NULL;
		int r = now < (*at)->next_ns ? INTAKE_LATER
					     : process_open(&p, &c->place, (*at)->name);

		if (r == INTAKE_LATER) {
			if (now >= (*at)->next_ns)
				(*at)->next_ns = now + AGAIN_MS * MS;
			at = &(*at)->next;
			continue;
		}
		if (r < 0 && r != -ENOENT)
			fprintf(stderr, "oriel: segment not read file=%s: %s\n", (*at)->name,
				err_path(r));
		if (r == INTAKE_REFUSED || (r < 0 && r != -ENOENT))
			pending_refuse(c, at);
		else
			pending_free(at);
		if (!r)
			process_joins(c, p);
	}
}
