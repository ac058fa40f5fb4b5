/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/posture.h"

#include <poll.h>
#include <sys/stat.h>

/* One call tells which are open, unless RLIMIT_NOFILE is smaller: then each is asked. */
static void take_descriptors(struct posture *p)
{
	struct pollfd all[POSTURE_MOST];
	struct stat st;

	for (int i = 0; i < POSTURE_MOST; i++)
		all[i] = (struct pollfd){ .fd = i };
	(void)poll(all, POSTURE_MOST, 0);
	for (int i = 0; i < POSTURE_MOST; i++) {
		if ((all[i].revents & POLLNVAL) || fstat(i, &st) < 0)
			continue;
		p->fd[i].open = true;
		p->fd[i].device = st.st_dev;
		p->fd[i].inode = st.st_ino;
	}
}

void posture_take(struct posture *p)
{
	struct stat st;

	*p = (struct posture){ 0 };
	if (stat(".", &st) == 0) {
		p->cwd_device = st.st_dev;
		p->cwd_inode = st.st_ino;
	}
	p->umask = umask(0);
	umask(p->umask);
	sigprocmask(SIG_BLOCK, NULL, &p->mask);
	take_descriptors(p);
}

static bool same_mask(const sigset_t *a, const sigset_t *b)
{
	for (int s = 1; s < NSIG; s++)
		if (sigismember(a, s) != sigismember(b, s))
			return false;
	return true;
}

bool posture_holds(const struct posture *p, struct outcome *o)
{
	struct posture now;

	posture_take(&now);
	if (now.cwd_device != p->cwd_device || now.cwd_inode != p->cwd_inode)
		o->kind = OUTCOME_DIRECTORY;
	else if (now.umask != p->umask)
		o->kind = OUTCOME_UMASK;
	else if (!same_mask(&now.mask, &p->mask))
		o->kind = OUTCOME_MASK;
	else
		for (int i = 0; i < POSTURE_MOST; i++)
			if (p->fd[i].open &&
			    (!now.fd[i].open || now.fd[i].device != p->fd[i].device ||
			     now.fd[i].inode != p->fd[i].inode)) {
				o->kind = OUTCOME_DESCRIPTOR;
				o->detail = i;
				return false;
			}
	return o->kind != OUTCOME_DIRECTORY && o->kind != OUTCOME_UMASK && o->kind != OUTCOME_MASK;
}
